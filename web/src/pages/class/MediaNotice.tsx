/** Said over the stage while sound and picture do not come through although the server can be reached. */
import { Spinner } from "../../design/Spinner";
import { useClass, useStore } from "./useClass";

export function MediaNotice() {
  const health = useStore(useClass().session.health);
  if (health !== "broken") return null;
  return (
    <p className="class-lost" role="status" data-testid="media-broken">
      <Spinner size={18} />
      Sound and pictures do not come through. Trying again.
    </p>
  );
}
