import t from "tap";
import { publishedNews } from "../../../../web/viewer/published/published.ts";

const NAMES = [{ id: 0, name: "Desk" }, { id: 1, name: "Ada's screen" }, { id: 2, name: "Camera" }];
const ada = { streamId: 1, kind: "screen", by: "Ada", isLive: true } as const;
const ben = { streamId: 2, kind: "camera", by: "Ben", isLive: true } as const;
const view = { names: NAMES, streamId: 1 };

t.test("publishedNews tells of who begins, ends and comes back, and of nothing else", (t) => {
  t.equal(publishedNews([], [ada], view), "Ada publishes “Ada's screen”");
  t.equal(publishedNews([ada], [ada, ben], view), "Ben publishes “Camera”");
  t.equal(publishedNews([ada, ben], [ben], view), "Ada no longer publishes");
  t.equal(publishedNews([ada], [ada], view), undefined);
  const away = { ...ada, isLive: false };
  t.equal(publishedNews([ada], [away], view), undefined, "the screen says so itself");
  t.equal(publishedNews([away], [ada], view), "Ada is back");
  t.equal(publishedNews([away], [ada], { ...view, streamId: 0 }), undefined, "not who looks away");
  t.equal(publishedNews([], [ada], { names: [], streamId: 0 }), "Ada publishes “a stream”");
  t.end();
});
