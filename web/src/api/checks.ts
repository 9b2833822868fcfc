/** Transports to try the connection with. */
import type { HttpClient } from "./http";

export interface CheckCandidate {
  foundation: string;
  priority: number;
  address: string;
  protocol: "udp" | "tcp";
  port: number;
  tcpType?: string | null;
}

/** The server's side of a transport that ends by itself after `expires_in_s`. */
export interface ConnectionCheck {
  ice_parameters: { usernameFragment: string; password: string };
  ice_candidates: CheckCandidate[];
  ice_servers: { urls: string }[];
  dtls_parameters: { fingerprints: { algorithm: string; value: string }[] };
  sctp_port: number;
  channels: {
    echo_send: number;
    echo_receive: number;
    bulk_send: number;
    bulk_receive: number;
    upload_bytes: number;
    download_bytes: number;
  };
  expires_in_s: number;
  visitor: { address: string; kind: string };
  warnings: string[];
}

/** Makes one for a browser whose certificate has this SHA-256 fingerprint. */
export const openCheck = (http: HttpClient, fingerprint: string) =>
  http.json<ConnectionCheck>("POST", "/api/v1/connection-checks", {
    dtls_parameters: { fingerprints: [{ algorithm: "sha-256", value: fingerprint }] },
  });
