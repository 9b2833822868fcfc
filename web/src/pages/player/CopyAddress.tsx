/** The address of this page for others: from the beginning, or from where the video stands. */
import { useState } from "react";
import { Icon } from "../../design/Icon";
import { Menu } from "../../design/Menu";
import { clock } from "../../format";
import { useCopyLink } from "../useCopyLink";
import { linkAt } from "./deep_link";

export function CopyAddress({ now_s, label = "Copy link" }: { now_s: () => number; label?: string }) {
  const copyLink = useCopyLink();
  const [at_s, setAt] = useState(0);
  const copy = (from_s: number) => copyLink(linkAt(from_s));
  return (
    <Menu
      label={label}
      className="button button-plain button-medium"
      testId="copy-address"
      onOpen={() => setAt(now_s())}
      items={[
        { label: "From the beginning", testId: "copy-beginning", act: () => void copy(0) },
        { label: `From ${clock(at_s)}`, testId: "copy-here", act: () => void copy(at_s) },
      ]}
    >
      <Icon name="link" size={18} />
      {label}
    </Menu>
  );
}
