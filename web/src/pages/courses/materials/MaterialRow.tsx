import type { Material } from "../../../api/materials";
import { Badge } from "../../../design/Badge";
import { Icon } from "../../../design/Icon";
import { Menu } from "../../../design/Menu";
import { bytes, moment } from "../../../format";
import { useNow } from "../../../hooks/useNow";
import { DownloadButton } from "../files/FileLinks";
import { hiddenWhy } from "../outline/lesson_state";

export function MaterialRow({
  material,
  change,
  onAsk,
}: {
  material: Material;
  change: boolean;
  onAsk: (what: "edit" | "versions" | "delete") => void;
}) {
  const { title, description, file } = material;
  const hidden = hiddenWhy(material, useNow(15_000));
  const facts = file && [
    file.name,
    bytes(file.size_bytes),
    moment(file.created_at),
    material.versions > 1 && `version ${file.version}`,
  ];
  return (
    <li className="upload" data-testid={`material-${title}`}>
      <div className="list-row-words">
        <strong>{title}</strong>
        <p className="list-row-facts">{facts ? facts.filter(Boolean).join(" · ") : "No file yet"}</p>
        {description && <p className="material-about">{description}</p>}
        {hidden && <Badge tone="warn">{hidden}</Badge>}
      </div>
      <div className="list-row-actions">
        {file && <DownloadButton file={file} label="Download" about={title} />}
        {change && (
          <Menu
            label={`More for ${title}`}
            className="button button-quiet button-small button-icon"
            testId={`material-menu-${title}`}
            items={[
              { label: "Edit", icon: "edit", testId: "edit-material", act: () => onAsk("edit") },
              {
                label: "New version, older ones",
                icon: "upload",
                testId: "material-versions",
                act: () => onAsk("versions"),
              },
              {
                label: "Delete",
                icon: "trash",
                danger: true,
                testId: "delete-material",
                act: () => onAsk("delete"),
              },
            ]}
          >
            <Icon name="more" size={18} />
          </Menu>
        )}
      </div>
    </li>
  );
}
