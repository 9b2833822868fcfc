/** The own picture: chosen, looked at, then sent; or taken away. */
import { type ChangeEvent, useEffect, useRef, useState } from "react";
import type { User } from "../../api/accounts";
import { sentence } from "../../api/problem";
import { Avatar } from "../../design/Avatar";
import { Button } from "../../design/Button";
import { Dialog, DialogActions } from "../../design/Dialog";
import { Icon } from "../../design/Icon";
import { Menu, type MenuItem } from "../../design/Menu";
import { useToast } from "../../design/Toast";
import { usePicture } from "../../hooks/usePicture";
import { useTask } from "../../hooks/useTask";
import { useApi, useSession } from "../../session/Session";
import { squareOf } from "./square";

interface Chosen {
  square: Blob;
  url: string;
}

export function Picture({ user }: { user: User }) {
  const { accounts } = useApi();
  const { setUser } = useSession();
  const toast = useToast();
  const task = useTask();
  const file = useRef<HTMLInputElement>(null);
  const [chosen, setChosen] = useState<Chosen | null>(null);
  const picture = usePicture(user.picture_url);
  useEffect(() => () => void (chosen && URL.revokeObjectURL(chosen.url)), [chosen]);

  const choose = async (event: ChangeEvent<HTMLInputElement>) => {
    const input = event.target;
    const [first] = input.files ?? [];
    try {
      if (first) {
        const square = await squareOf(first);
        setChosen({ square, url: URL.createObjectURL(square) });
      }
    } catch (problem) {
      toast(sentence(problem), { tone: "wrong" });
    }
    input.value = "";
  };
  const renew = async (change: Promise<unknown>) => {
    await change;
    setUser(await accounts.profile());
  };
  const send = async (square: Blob) => {
    if (await task.run(() => renew(accounts.setPicture(square)), "Your picture was saved.")) setChosen(null);
  };
  const pick = () => file.current?.click();
  const items: MenuItem[] = [
    { label: "Choose another picture", icon: "upload", act: pick },
    {
      label: "Remove picture",
      icon: "trash",
      danger: true,
      act: () => void task.run(() => renew(accounts.removePicture()), "Your picture was removed."),
    },
  ];
  return (
    <div className="profile-picture">
      <Avatar name={user.full_name} size="large" picture={picture} />
      <input
        ref={file}
        type="file"
        accept="image/jpeg,image/png,image/webp"
        hidden
        aria-label="Picture"
        onChange={(event) => void choose(event)}
        data-testid="picture-file"
      />
      {user.picture_url ? (
        <Menu label="Change picture" items={items} className="profile-picture-change">
          <Icon name="edit" size={16} />
        </Menu>
      ) : (
        <button
          type="button"
          className="profile-picture-change"
          aria-label="Choose a picture"
          title="Choose a picture"
          onClick={pick}
        >
          <Icon name="edit" size={16} />
        </button>
      )}
      <Dialog title="Your picture" open={chosen !== null} onClose={() => setChosen(null)}>
        {chosen && (
          <>
            <img className="profile-preview" src={chosen.url} alt="How you will look to others" />
            <p className="soft">Everybody who is signed in here can see it.</p>
            <DialogActions>
              <Button onClick={pick}>Choose another</Button>
              <Button
                tone="primary"
                busy={task.busy}
                onClick={() => void send(chosen.square)}
                data-testid="save-picture"
              >
                Save
              </Button>
            </DialogActions>
          </>
        )}
      </Dialog>
    </div>
  );
}
