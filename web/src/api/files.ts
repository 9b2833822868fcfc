/** Files of courses: sent as they are, told how far they have come, given up when asked. */
import { coursePath } from "./courses";
import { type HttpClient, withQuery } from "./http";
import { ApiError, readProblem, UNREACHABLE } from "./problem";

export interface CourseFile {
  id: string;
  name: string;
  media_type: string;
  size_bytes: number;
  sha256: string;
  /** Of a material, from 1; 0 of other files. */
  version: number;
  uploaded_by: string | null;
  created_at: string;
}

export interface Sending {
  signal: AbortSignal;
  /** Called with the bytes that have left so far. */
  onSent: (bytes: number) => void;
}

/** Sends a file, once more after a token that has ended meanwhile. Throws ApiError; AbortError when given up. */
export async function sendFile(
  http: HttpClient,
  path: string,
  file: File,
  sending: Sending,
): Promise<CourseFile> {
  return sendBody(http, withQuery(path, { name: file.name }), file, sending);
}

/** The same to any address; gives what that answers. */
export async function sendBody<T>(
  http: HttpClient,
  address: string,
  file: Blob,
  sending: Sending,
): Promise<T> {
  const telling: Sending = {
    signal: sending.signal,
    onSent(bytes) {
      http.used?.note(); // a session must not end under what takes long to send
      sending.onSent(bytes);
    },
  };
  let response = await sendOnce(address, file, await http.accessToken(), telling);
  if (response.status === 401 && (await http.refresh()))
    response = await sendOnce(address, file, await http.accessToken(), telling);
  if (!response.ok) throw await readProblem(response);
  return (await response.json()) as T;
}

/** By XMLHttpRequest: `fetch` does not tell how much of a body has left. */
function sendOnce(
  path: string,
  file: Blob,
  token: string | null,
  { signal, onSent }: Sending,
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const giveUp = () => request.abort();
    request.open("POST", path);
    request.setRequestHeader("Accept", "application/json");
    request.setRequestHeader("Content-Type", "application/octet-stream");
    if (token) request.setRequestHeader("Authorization", `Bearer ${token}`);
    request.upload.onprogress = ({ loaded }) => onSent(loaded);
    request.onload = () => resolve(answerOf(request));
    request.onerror = () => reject(new ApiError(UNREACHABLE, 0, "unreachable"));
    request.onabort = () => reject(new DOMException("The upload was given up.", "AbortError"));
    request.onloadend = () => signal.removeEventListener("abort", giveUp);
    signal.addEventListener("abort", giveUp);
    if (signal.aborted) reject(new DOMException("The upload was given up.", "AbortError"));
    else request.send(file);
  });
}

function answerOf(request: XMLHttpRequest): Response {
  const headers = new Headers();
  for (const name of ["Content-Type", "Retry-After"]) {
    const value = request.getResponseHeader(name);
    if (value !== null) headers.set(name, value);
  }
  return new Response(request.responseText, { status: request.status, headers });
}

export function filesApi(http: HttpClient) {
  return {
    send: (path: string, file: File, sending: Sending) => sendFile(http, path, file, sending),
    download: (course: string, id: string) => http.download(coursePath(course, "files", id)),
  };
}

export type FilesApi = ReturnType<typeof filesApi>;
