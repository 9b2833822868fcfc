// What a test page does: publish over WHIP, watch over WHEP, read frame numbers and listen for a tone.
// The strip's geometry is that of vtp/bench/frame_number.py.
'use strict';

const CLEARLY = 0.6;
const CELLS = 32, STRIP_SHARE = 12, NUMBER_BITS = 22, CHECK_BITS = 6, MINIMUM_CONTRAST = 60;

function checkOf(number) {
  let register = BigInt(number) << BigInt(CHECK_BITS);
  for (let bit = NUMBER_BITS + CHECK_BITS - 1; bit >= CHECK_BITS; bit--) {
    if ((register >> BigInt(bit)) & 1n) register ^= 0b1000011n << BigInt(bit - CHECK_BITS);
  }
  return Number(register ^ 0b101101n);
}

function readFrameNumber(context, source, width, height) {
  const strip = Math.max(Math.round(height / STRIP_SHARE), 2);
  context.drawImage(source, 0, 0, width, strip, 0, 0, width, strip);
  const pixels = context.getImageData(0, 0, width, strip).data;
  const top = Math.floor(strip * 0.25), bottom = Math.max(Math.floor(strip * 0.75), top + 1);
  const levels = [];
  for (let cell = 0; cell < CELLS; cell++) {
    const left = Math.floor((cell + 0.25) * width / CELLS);
    const right = Math.max(Math.floor((cell + 0.75) * width / CELLS), left + 1);
    let sum = 0;
    for (let y = top; y < bottom; y++) {
      for (let x = left; x < right; x++) {
        const at = 4 * (y * width + x);
        sum += 0.299 * pixels[at] + 0.587 * pixels[at + 1] + 0.114 * pixels[at + 2];
      }
    }
    levels.push(sum / ((bottom - top) * (right - left)));
  }
  const white = Math.min(levels[0], levels[30]), black = Math.max(levels[1], levels[31]);
  if (white - black < MINIMUM_CONTRAST) return null;
  let number = 0, check = 0;
  for (let i = 2; i < 2 + NUMBER_BITS; i++) number = number * 2 + (levels[i] > (white + black) / 2 ? 1 : 0);
  for (let i = 2 + NUMBER_BITS; i < 30; i++) check = check * 2 + (levels[i] > (white + black) / 2 ? 1 : 0);
  return check === checkOf(number) ? number : null;
}

async function exchange(pc, url, token) {
  await pc.setLocalDescription();
  const headers = {'content-type': 'application/sdp'};
  if (token) headers.authorization = `Bearer ${token}`;
  const answer = await fetch(url, {method: 'POST', headers, body: pc.localDescription.sdp});
  const text = await answer.text();
  if (answer.status !== 201) throw new Error(`${answer.status} ${text}`);
  await pc.setRemoteDescription({type: 'answer', sdp: text});
  window.resource = new URL(answer.headers.get('location'), url).href;
  return text;
}

function connected(pc) {
  return new Promise((resolve, reject) => {
    const look = () => {
      if (pc.connectionState === 'connected') resolve();
      if (pc.connectionState === 'failed') reject(new Error('the connection failed'));
    };
    pc.addEventListener('connectionstatechange', look);
    look();
  });
}

// The picture drawn larger: of one of 640 × 360 Chromium sends two encodings at most.
async function enlarged(stream) {
  const video = document.createElement('video');
  video.muted = true;
  video.srcObject = stream;
  await video.play();
  const canvas = document.createElement('canvas');
  canvas.width = 960;
  canvas.height = 540;
  const context = canvas.getContext('2d');
  const draw = () => {
    context.drawImage(video, 0, 0, canvas.width, canvas.height);
    video.requestVideoFrameCallback(draw);
  };
  draw();
  return canvas.captureStream().getVideoTracks()[0];
}

// What of sound is offered first: a list of 'red' and 'opus', in that order.
function preferSound(transceiver, names) {
  const all = RTCRtpReceiver.getCapabilities('audio').codecs;
  transceiver.setCodecPreferences(names.map((name) => all.find((one) => one.mimeType.toLowerCase() === `audio/${name}`)));
}

// With `preview`, the numbers of the pictures that go out are read as they leave the camera.
window.publish = async ({url, codec, token, bitrate, preview, encodings, sound}) => {
  const stream = await navigator.mediaDevices.getUserMedia({
    video: {width: 640, height: 360},
    audio: {echoCancellation: false, noiseSuppression: false, autoGainControl: false},
  });
  const pc = window.pc = new RTCPeerConnection();
  window.started = performance.now();
  if (preview) window.readNumbers(show(stream));
  for (const track of stream.getTracks()) {
    const sendEncodings = encodings || [{maxBitrate: bitrate || 1500000}];
    const sent = encodings && track.kind === 'video' ? await enlarged(stream) : track;
    const transceiver = pc.addTransceiver(sent, {direction: 'sendonly', sendEncodings: track.kind === 'video' ? sendEncodings : undefined});
    if (track.kind === 'audio' && sound) preferSound(transceiver, sound);
    if (track.kind === 'video' && codec) {
      const all = RTCRtpSender.getCapabilities('video').codecs;
      const wanted = all.filter((c) => c.mimeType.toLowerCase() === `video/${codec.toLowerCase()}`);
      transceiver.setCodecPreferences(wanted.concat(all.filter((c) => c.mimeType === 'video/rtx')));
    }
  }
  const sdp = await exchange(pc, url, token);
  await connected(pc);
  return sdp;
};

function show(stream) {
  const video = window.video = document.createElement('video');
  video.muted = true;
  video.autoplay = true;
  document.body.append(video);
  video.srcObject = stream;
  return video;
}

window.watch = async ({url, token, sound}) => {
  const pc = window.pc = new RTCPeerConnection();
  const stream = new MediaStream();
  const video = show(stream);
  pc.ontrack = (event) => stream.addTrack(event.track);
  pc.addTransceiver('video', {direction: 'recvonly'});
  const hears = pc.addTransceiver('audio', {direction: 'recvonly'});
  if (sound) preferSound(hears, sound);
  window.started = performance.now();
  const sdp = await exchange(pc, url, token);
  window.readNumbers(video);
  return sdp;
};

// Every frame that is shown is read; window.numbers holds them in order, window.shownAt when that was (ms since 1970,
// one clock for all pages of a machine), window.unread counts those without a number. One element at a time is read.
window.readNumbers = (video) => {
  window.reading = video;
  window.numbers = [];
  window.shownAt = [];
  window.unread = 0;
  window.firstFrame = null;
  const canvas = document.createElement('canvas');
  const context = canvas.getContext('2d', {willReadFrequently: true});
  const next = (now) => {
    if (window.reading !== video) return;
    if (window.firstFrame === null) window.firstFrame = performance.now() - window.started;
    canvas.width = video.videoWidth;
    canvas.height = Math.max(Math.round(video.videoHeight / STRIP_SHARE), 2);
    const number = readFrameNumber(context, video, video.videoWidth, video.videoHeight);
    if (number === null) window.unread++;
    else if (number !== window.numbers[window.numbers.length - 1]) {
      window.numbers.push(number);
      window.shownAt.push(performance.timeOrigin + now);
    }
    video.requestVideoFrameCallback(next);
  };
  video.requestVideoFrameCallback(next);
};

// The share of the sound's energy within 40 Hz of `hertz`, and its level in dB: of the best moment, and no
// longer than until it is clear.
window.listen = async (hertz, seconds) => {
  const track = window.video.srcObject.getAudioTracks()[0];
  const audio = new AudioContext({sampleRate: 48000});
  await audio.resume();
  const source = audio.createMediaStreamSource(new MediaStream([track]));
  const analyser = audio.createAnalyser();
  analyser.fftSize = 8192;
  source.connect(analyser);
  const bins = new Float32Array(analyser.frequencyBinCount);
  const width = audio.sampleRate / analyser.fftSize;
  const until = performance.now() + seconds * 1000;
  let best = {share: 0, level: -200};
  while (performance.now() < until && best.share < CLEARLY) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    analyser.getFloatFrequencyData(bins);
    let all = 0, near = 0;
    for (let i = 1; i < bins.length; i++) {
      const power = 10 ** (bins[i] / 10);
      all += power;
      if (Math.abs(i * width - hertz) <= 40) near += power;
    }
    if (all > 0 && near / all > best.share) best = {share: near / all, level: 10 * Math.log10(near)};
  }
  await audio.close();
  return best;
};

window.stats = async () => {
  const out = {state: window.pc.connectionState, firstFrame: window.firstFrame};
  for (const report of (await window.pc.getStats()).values()) {
    if (report.type === 'inbound-rtp' || report.type === 'outbound-rtp') out[report.kind] = report;
    if (report.type === 'codec') (out.codecs = out.codecs || []).push(report.mimeType);
    if (report.type === 'transport') out.srtp = report.srtpCipher;
  }
  return out;
};
