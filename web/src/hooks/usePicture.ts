/** People's pictures, which are read with the token and kept while the page is open. */
import { useEffect, useState } from "react";
import type { HttpClient } from "../api/http";
import { useApi } from "../session/Session";

const KEPT = 300;
const pictures = new Map<string, Promise<string | null>>();

async function read(http: HttpClient, url: string): Promise<string | null> {
  const response = await http.send(url);
  return response.ok ? URL.createObjectURL(await response.blob()) : null;
}

function pictureAt(http: HttpClient, url: string): Promise<string | null> {
  const known = pictures.get(url);
  if (known) return known;
  const reading = read(http, url).catch(() => {
    pictures.delete(url);
    return null;
  });
  pictures.set(url, reading);
  for (const oldest of pictures.keys()) {
    if (pictures.size <= KEPT) break;
    pictures.delete(oldest);
  }
  return reading;
}

/** Forgets a picture that was changed, so that it is read anew. */
export function forgetPicture(url: string | null | undefined): void {
  if (url) pictures.delete(url);
}

/** An address that an `<img>` can show; null while there is none. `version` changes when the picture has. */
export function usePicture(url: string | null | undefined, version = 0): string | null {
  const { http } = useApi();
  const [shown, setShown] = useState<string | null>(null);
  // biome-ignore lint/correctness/useExhaustiveDependencies: another version of the same address is read anew
  useEffect(() => {
    let wanted = true;
    setShown(null);
    if (url) void pictureAt(http, url).then((picture) => wanted && setShown(picture));
    return () => {
      wanted = false;
    };
  }, [http, url, version]);
  return shown;
}
