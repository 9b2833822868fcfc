/** A round button of the class that is on or off, or opens something. */
import { Icon, type IconName } from "../../design/Icon";
import "./Toggle.css";

interface ToggleProps {
  icon: IconName;
  /** What pressing it does. */
  label: string;
  /** The key that does the same. */
  hotkey?: string;
  /** It is switched off, which others should know of: muted, no camera. */
  off?: boolean;
  /** It is on, out of the ordinary: a screen is shared, a hand is up, its panel is open. */
  active?: boolean;
  /** The label says already what pressing does now; else it says what is on. */
  turns?: boolean;
  disabled?: boolean;
  /** A number to look at, such as of unread messages. */
  count?: number;
  onPress: () => void;
  testId?: string;
}

export function Toggle({
  icon,
  label,
  hotkey,
  off = false,
  active,
  turns = false,
  disabled,
  count = 0,
  onPress,
  testId,
}: ToggleProps) {
  const look = off ? "round-off" : active ? "round-active" : "";
  return (
    <button
      type="button"
      className={`round ${look}`.trim()}
      aria-label={count > 0 ? `${label}, ${count} new` : label}
      aria-pressed={turns ? undefined : active}
      aria-keyshortcuts={hotkey}
      title={hotkey ? `${label} (${hotkey.toUpperCase()})` : label}
      disabled={disabled}
      onClick={onPress}
      data-testid={testId}
    >
      <Icon name={icon} size={21} />
      {count > 0 && (
        <span className="round-count numbers" aria-hidden="true">
          {count > 99 ? "99+" : count}
        </span>
      )}
    </button>
  );
}
