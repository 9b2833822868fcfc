import type { Section } from "../../../api/outline";
import { Badge } from "../../../design/Badge";
import { Icon } from "../../../design/Icon";
import { Menu } from "../../../design/Menu";
import { useNow } from "../../../hooks/useNow";
import { useCourse } from "../useCourse";
import { hiddenWhy } from "./lesson_state";
import type { Asked } from "./Questions";

export function SectionHead({
  section,
  onEdit,
  onMove,
  onAdd,
  onAsk,
}: {
  section: Section;
  onEdit: () => void;
  /** Null where not all sections are shown. */
  onMove: ((step: -1 | 1) => void) | null;
  onAdd: () => void;
  onAsk: (asked: Asked) => void;
}) {
  const { staff } = useCourse();
  const hidden = hiddenWhy(section, useNow(30_000));
  return (
    <header className="outline-head" data-of={section.id}>
      <div className="outline-words">
        <div className="outline-title">
          <h2>{section.title}</h2>
          {hidden && <Badge tone="warn">{hidden}</Badge>}
        </div>
        {section.description && <p className="outline-about">{section.description}</p>}
      </div>
      {staff && (
        <Menu
          label={`More for the section ${section.title}`}
          className="button button-quiet button-small button-icon"
          testId={`section-menu-${section.title}`}
          items={[
            { label: "Add a lesson", icon: "plus", act: onAdd },
            { label: "Edit", icon: "edit", testId: "edit-section", act: onEdit },
            ...(onMove
              ? [
                  { label: "Move up", testId: "section-up", act: () => onMove(-1) },
                  { label: "Move down", testId: "section-down", act: () => onMove(1) },
                ]
              : []),
            {
              label: "Delete",
              icon: "trash",
              danger: true,
              testId: "delete-section",
              act: () => onAsk({ ask: "delete-section", section }),
            },
          ]}
        >
          <Icon name="more" size={18} />
        </Menu>
      )}
    </header>
  );
}
