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

/** An address that an `<img>` can show; null while there is none. Another picture comes with another `url`. */
export function usePicture(url: string | null | undefined): string | null {
  const { http } = useApi();
  const [shown, setShown] = useState<string | null>(null);
  useEffect(() => {
    let wanted = true;
    setShown(null);
    if (url) void pictureAt(http, url).then((picture) => wanted && setShown(picture));
    return () => {
      wanted = false;
    };
  }, [http, url]);
  return shown;
}
