/** A field for words to look for, with the glass in it. */
import { Icon } from "./Icon";
import "./SearchInput.css";

export function SearchInput({
  label,
  value,
  onChange,
  testId,
}: {
  label: string;
  value: string;
  onChange: (words: string) => void;
  testId: string;
}) {
  return (
    <span className="search-input">
      <Icon name="search" size={18} />
      <input
        className="field-input"
        type="search"
        placeholder={label}
        aria-label={label}
        value={value}
        onChange={(event) => onChange(event.target.value)}
        onKeyDown={(event) => {
          // It finds while one types; Enter would send the form around it.
          if (event.key === "Enter") event.preventDefault();
        }}
        data-testid={testId}
      />
    </span>
  );
}
