/** The video with all that belongs to it: where to begin, chapters, captions, what is told of watching it. */
import { type ReactNode, type RefObject, useCallback, useEffect, useMemo, useRef, useState } from "react";
import type { Captions, Chapters, MyProgress, RecordingsApi } from "../../api/recordings";
import { Button } from "../../design/Button";
import { Dialog } from "../../design/Dialog";
import { clock } from "../../format";
import { Figures } from "../Figures";
import { ChapterList, EditChapters } from "./Chapters";
import { timeIn } from "./deep_link";
import type { Failure } from "./failure";
import { keepGrant } from "./grant";
import { PlayProblem } from "./PlayProblem";
import { keptPosition } from "./position";
import { PICTURE_SHORTCUTS, SHORTCUTS } from "./shortcuts";
import { attachSource, type Qualities, type Standing } from "./source";
import { Alone } from "./tracks/Alone";
import { Conductor } from "./tracks/conductor";
import { trackOpener } from "./tracks/track_source";
import { useArrangement } from "./tracks/useArrangement";
import type { Playing as TracksPlaying } from "./tracks/useFollower";
import { useTracks } from "./tracks/useTracks";
import { useCaptions } from "./useCaptions";
import { type PageActions, usePlayback } from "./usePlayback";
import { type Told, useProgress } from "./useProgress";
import { useStoryboard } from "./useStoryboard";
import { VideoFrame } from "./VideoFrame";

const NO_QUALITIES: Qualities = { heights: [], choose: () => undefined };
const RESUMED_FOR_MS = 8_000;

interface Props {
  id: string;
  video: RefObject<HTMLVideoElement | null>;
  url: string;
  title: string;
  /** Whether it is still being made. */
  grows: boolean;
  /** Whether there are tracks of participants, for this person. */
  hasTracks: boolean;
  recordings: RecordingsApi;
  /** How far the person is, by the server; null when nothing is kept of them. */
  progress: MyProgress | null;
  /** By whom and how it is told what they watch; null: it is not. */
  told: Told | null;
  chapters: Chapters;
  captions: readonly Captions[];
  mayAnnotate: boolean;
  onChapters: () => Promise<void>;
  /** What it is called and what can be done with it; between the video and its chapters. */
  children: ReactNode;
}

/** Where to begin: where the address says, else where they stopped, here or on another device. */
function startOf(id: string, progress: MyProgress | null): { at_s: number; resumed: boolean } {
  const wanted = timeIn(window.location.search);
  if (wanted !== null) return { at_s: wanted, resumed: false };
  const at_s = progress ? progress.resume_position : keptPosition(id);
  return { at_s, resumed: at_s > 0 };
}

export function Playing(props: Props) {
  const { id, video, url, title, grows, hasTracks, recordings, progress, told } = props;
  const { chapters, captions, mayAnnotate, onChapters, children } = props;
  const frame = useRef<HTMLDivElement>(null);
  const [start] = useState(() => startOf(id, progress));
  const [helping, setHelping] = useState(false);
  const [editing, setEditing] = useState(false);
  const [failure, setFailure] = useState<Failure | null>(null);
  /** From where it is attached, and whether it plays then. */
  const [attempt, setAttempt] = useState<Standing>({ at_s: start.at_s, plays: false });
  const stood = useRef<Standing | undefined>(undefined);
  const renew = useCallback(() => recordings.get(id), [recordings, id]);
  useEffect(() => keepGrant(renew), [renew]);
  const retry = useCallback(async () => {
    const element = video.current;
    if (!element) return;
    const plays = !element.paused || stood.current?.plays === true;
    // One that has loaded nothing stands nowhere yet, or not any more.
    const at_s = element.readyState > 0 ? element.currentTime : stood.current?.at_s;
    await renew().catch(() => undefined); // what is wrong says the player
    setAttempt((last) => ({ at_s: at_s ?? last.at_s, plays }));
  }, [video, renew]);
  const [qualities, setQualities] = useState(NO_QUALITIES);
  const arrangement = useArrangement(useTracks(recordings, id, hasTracks));
  const { alone, chooseNext, toggleStrip, listenTo } = arrangement;
  const tracksPlaying = useTracksPlaying(id, video, recordings);
  const hearEverybody = useCallback(() => listenTo(null), [listenTo]);
  const caption = useCaptions(video, captions);
  const toggleCaptions = caption.toggle;
  const pageActions = useMemo<PageActions>(
    () => ({
      toggleHelp: () => setHelping((shown) => !shown),
      toggleCaptions,
      nextPicture: chooseNext,
      togglePictures: toggleStrip,
    }),
    [toggleCaptions, chooseNext, toggleStrip],
  );
  const playback = usePlayback(id, video, frame, pageActions, alone !== null);
  const storyboard = useStoryboard(id, recordings, grows);
  useProgress(id, video, told);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another recording is attached, whatever its address
  useEffect(() => {
    if (!video.current) return;
    setFailure(null);
    stood.current = undefined;
    const onFailure = (why: Failure, standing?: Standing) => {
      stood.current = standing;
      setFailure(why);
    };
    const detach = attachSource(video.current, {
      url,
      start_s: attempt.at_s,
      catchesUp: false,
      renew,
      onQualities: setQualities,
      onFailure,
      onMore: retry,
    });
    if (attempt.plays) video.current.play().catch(() => undefined);
    return detach;
  }, [id, video, url, attempt, renew, retry]);
  const hasPictures = arrangement.tracks.pictures.length > 0;
  const now_s = useCallback(() => video.current?.currentTime ?? 0, [video]);
  return (
    <>
      <VideoFrame
        frame={frame}
        video={video}
        playback={playback}
        title={title}
        chapters={chapters.chapters}
        captions={captions}
        caption={caption}
        qualities={qualities}
        storyboard={storyboard}
        arrangement={arrangement}
        tracksPlaying={tracksPlaying}
      >
        {alone && (
          <Alone
            voice={alone}
            playing={tracksPlaying}
            volume={playback.state.volume}
            muted={playback.state.muted}
            onEverybody={hearEverybody}
          />
        )}
        {start.resumed && <Resumed at_s={start.at_s} onRestart={() => playback.actions.seek(0)} />}
      </VideoFrame>
      {failure && <PlayProblem failure={failure} onRetry={retry} />}
      {children}
      {(chapters.chapters.length > 1 || mayAnnotate) && (
        <ChapterList
          chapters={chapters.chapters}
          time_s={playback.state.time_s}
          onSeek={playback.actions.seek}
          onEdit={mayAnnotate ? () => setEditing(true) : undefined}
        />
      )}
      <EditChapters
        id={id}
        set={chapters}
        now_s={now_s}
        open={editing}
        onClose={() => setEditing(false)}
        onChange={onChapters}
      />
      <Dialog title="Keys" open={helping} onClose={() => setHelping(false)}>
        <Figures figures={hasPictures ? [...SHORTCUTS, ...PICTURE_SHORTCUTS] : SHORTCUTS} />
      </Dialog>
    </>
  );
}

/** What keeps tracks in step with the video, once that is there. */
function useTracksPlaying(
  id: string,
  video: RefObject<HTMLVideoElement | null>,
  recordings: RecordingsApi,
): TracksPlaying {
  const [conductor, setConductor] = useState<Conductor | null>(null);
  useEffect(() => setConductor(video.current && new Conductor(video.current)), [video]);
  const open = useMemo(() => trackOpener((track) => recordings.trackUrl(id, track)), [recordings, id]);
  return useMemo(() => ({ conductor, open }), [conductor, open]);
}

/** Says for a moment where it goes on, with a way back to the beginning. */
function Resumed({ at_s, onRestart }: { at_s: number; onRestart: () => void }) {
  const [shown, setShown] = useState(true);
  useEffect(() => {
    const timer = setTimeout(() => setShown(false), RESUMED_FOR_MS);
    return () => clearTimeout(timer);
  }, []);
  if (!shown) return null;
  const restart = () => {
    onRestart();
    setShown(false);
  };
  return (
    <p className="player-note player-resumed" role="status" data-testid="resumed">
      <span>
        Goes on at <span className="numbers">{clock(at_s)}</span>
      </span>
      <Button size="small" onClick={restart}>
        From the beginning
      </Button>
    </p>
  );
}
