/** The link that watchers open. */
import { useState } from "react";
import type { Room } from "../../api/rooms";
import { IconButton } from "../../design/Button";
import { Card } from "../../design/Card";
import { plural } from "../../format";
import { watchLink } from "../links";
import { OnlyHere } from "../OnlyHere";
import { useCopyLink } from "../useCopyLink";

const THANKS_MS = 2_000;

export function SharePanel({ room }: { room: Room }) {
  const [copied, setCopied] = useState(false);
  const link = watchLink(room.slug);
  const copyLink = useCopyLink();
  const copy = async () => {
    if (!(await copyLink(link, "Watch link"))) return;
    setCopied(true);
    window.setTimeout(() => setCopied(false), THANKS_MS);
  };
  return (
    <Card className="panel">
      <div className="panel-head">
        <h2>Watch link</h2>
        <span className="panel-note" data-testid="people">
          {room.participant_count > 0 && `${plural(room.participant_count, "person", "people")} here`}
        </span>
      </div>
      <div className="share">
        <input
          className="field-input share-link"
          readOnly
          value={link}
          aria-label="Watch link"
          onFocus={(event) => event.target.select()}
          data-testid="watch-link"
        />
        <IconButton
          icon={copied ? "check" : "copy"}
          label="Copy the watch link"
          tone="plain"
          onClick={() => void copy()}
          data-testid="copy-link"
        />
      </div>
      <OnlyHere link={link} />
    </Card>
  );
}
