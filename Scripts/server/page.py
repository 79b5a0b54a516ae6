"""The page in Chromium: drop, paste, choose, type, point, switch, download; by mouse and by keyboard; on a phone's width."""

import base64
import io
import json
import pathlib
import tempfile
import time

from PIL import Image
from selenium import webdriver
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait

from running import PHOTOS, report, require

# Gives the page a file as the browser does when one is dropped or pasted.
HAND_OVER = """
const [kind, address, name, done] = arguments;
fetch(address).then((response) => response.blob()).then((blob) => {
  const data = new DataTransfer();
  data.items.add(new File([blob], name, { type: blob.type }));
  const event = kind === "drop"
    ? new DragEvent("drop", { dataTransfer: data, bubbles: true, cancelable: true })
    : new ClipboardEvent("paste", { clipboardData: data, bubbles: true });
  document.getElementById("drop").dispatchEvent(event);
  done();
});
"""


class Page:
    """A browser that shows the page of a server."""

    def __init__(self, server, folder):
        options = webdriver.ChromeOptions()
        for argument in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--window-size=1100,800"):
            options.add_argument(argument)
        options.add_experimental_option("prefs", {"download.default_directory": str(folder)})
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        self.driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
        self.driver.set_script_timeout(60)
        self.folder = folder
        self.driver.get(server.address + "/")

    def __enter__(self):
        return self

    def __exit__(self, *error):
        self.driver.quit()

    def __getitem__(self, name):
        return self.driver.find_element(By.ID, name)

    def wait(self, what, condition):
        """Waits until `condition` holds."""
        try:
            WebDriverWait(self.driver, 120, 0.1).until(lambda _: condition())
        except Exception:
            require(False, f"the page: {what} does not come; it says \"{self['status'].text}\"")

    def says(self, text):
        self.wait(f'"{text}"', lambda: self["status"].text.startswith(text))

    def forget(self):
        """Takes the last message away, so that the next can be waited for."""
        self.driver.execute_script("document.getElementById('status').textContent = ''")

    def ask(self, classes):
        self.forget()
        self["classes"].clear()
        self["classes"].send_keys(classes, Keys.ENTER)
        self.says("Labelled in")

    def legend(self):
        return [line.text.split("\n") for line in self.driver.find_elements(By.CSS_SELECTOR, "#legend li")]

    def canvas(self):
        """The canvas as it is drawn."""
        url = self.driver.execute_script("return document.getElementById('photo').toDataURL('image/png')")
        return Image.open(io.BytesIO(base64.b64decode(url.split(",")[1]))).convert("RGB")

    def point(self, x, y):
        """Moves the mouse to a pixel of the photo."""
        canvas = self["photo"]
        size = canvas.rect
        width, height = (int(canvas.get_attribute(name)) for name in ("width", "height"))
        ActionChains(self.driver).move_to_element_with_offset(
            canvas,
            round((x + 0.5) / width * size["width"] - size["width"] / 2),
            round((y + 0.5) / height * size["height"] - size["height"] / 2),
        ).perform()
        return self["pointer"].text

    def download(self, button, name):
        self[button].click()
        path = self.folder / name
        self.wait(f"the download {name}", lambda: path.exists() and path.stat().st_size > 0)
        time.sleep(0.3)
        return path.read_bytes()

    def complaints(self):
        """What the browser has against the page: what its policy stops, errors, files that are missing."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]


def answers(server, query, accept="application/json"):
    headers = {"Content-Type": "image/jpeg", "Accept": accept}
    return server.ask("POST", f"/v1/segment?{query}", SAMPLE.read_bytes(), headers)[2]


SAMPLE = pathlib.Path("Server/Sources/SANServer/Public/coffee.jpg")


def check(server, screenshot):
    with tempfile.TemporaryDirectory() as folder, Page(server, pathlib.Path(folder)) as page:
        ask_about_sample(server, page, screenshot)
        other_ways_in(server, page)
        phone(page)
        require(page.complaints() == [], f"the browser complains: {page.complaints()}")


def ask_about_sample(server, page, screenshot):
    # By keyboard alone: to the button, and on.
    page["sample"].send_keys(Keys.ENTER)
    page.says("Labelled in")
    query = "classes=cup,spoon,table&background=none"
    found = json.loads(answers(server, query))
    shares = [f"{100 * entry['coverage']:.1f} %" for entry in found["classes"]]
    require([line[-1] for line in page.legend()] == shares, f"the legend says {page.legend()}, the server {shares}")

    # Under the pointer is what the label map has there.
    labels = Image.open(io.BytesIO(answers(server, query + "&outputs=labels", "image/png")))
    scores = Image.open(io.BytesIO(answers(server, query + "&outputs=scores", "image/png")))
    names = [entry["name"] for entry in found["classes"]]
    for x, y in [(20, 20), (300, 200), (220, 120), (580, 380), (300, 390)]:
        said = page.point(x, y)
        near = {
            f"{names[labels.getpixel((x + dx, y + dy))]}, score {scores.getpixel((x + dx, y + dy)) / 100:.2f}"
            for dx in (-1, 0, 1) for dy in (-1, 0, 1)
        }  # fmt: skip
        require(said in near, f"at {x}, {y} the page says {said}, the server {near}")
    page["photo"].send_keys(Keys.ARROW_RIGHT, Keys.ARROW_DOWN, Keys.SHIFT + Keys.ARROW_LEFT)
    require("score" in page["pointer"].text, "the pointer does not follow the keys")
    page["classes"].click()

    if screenshot:
        page.driver.execute_script("document.activeElement.blur()")
        page.point(300, 200)
        picture = Image.open(io.BytesIO(page.driver.get_screenshot_as_png())).convert("RGB")
        picture.quantize(128, dither=Image.Dither.NONE).save(screenshot, optimize=True)

    # A class that is switched off, and opacity: where a class is hidden the photo shows, and at 0 everywhere.
    covered = page.canvas()
    page.driver.execute_script(
        "const slider = document.getElementById('opacity'); slider.value = 0; slider.dispatchEvent(new Event('input'))")
    plain = page.canvas()
    page.driver.execute_script(
        "const slider = document.getElementById('opacity'); slider.value = 55; slider.dispatchEvent(new Event('input'))")
    require(page.canvas().tobytes() == covered.tobytes(), "the slider does not lead back")
    page["legend"].find_elements(By.TAG_NAME, "input")[2].send_keys(Keys.SPACE)
    hidden = page.canvas()
    for x in range(0, 600, 7):
        for y in range(0, 400, 7):
            expected = plain if labels.getpixel((x, y)) == 2 else covered
            require(hidden.getpixel((x, y)) == expected.getpixel((x, y)), f"hidden class: the pixel at {x}, {y}")
    require(covered.tobytes() != plain.tobytes(), "the labels are not drawn")

    # Downloads: what is shown, and what the server answers.
    overlay = Image.open(io.BytesIO(page.download("save-overlay", "coffee.overlay.png"))).convert("RGB")
    require(overlay.tobytes() == hidden.tobytes(), "the picture is not what is shown")
    require(
        page.download("save-labels", "coffee.labels.png") == answers(server, query + "&outputs=labels", "image/png"),
        "the label map is not the server's",
    )
    saved = report(page.download("save-json", "coffee.json"))
    expected = report(json.dumps(found))
    del expected["outputs"]
    saved["image"]["path"] = expected["image"]["path"]
    require(saved == expected, "the JSON is not the server's")

    # New names on the same photo: it is not encoded again.
    before = server.figure('san_requests_total{path="/v1/encode",status="201"}')
    page.ask("plate, wall")
    require([line[0] for line in page.legend()] == ["plate", "wall"], f"the legend says {page.legend()}")
    page.forget()
    page["others"].send_keys(Keys.SPACE)
    page.says("Labelled in")
    require(page.legend()[-1][0] == "other", "the background makes no difference")
    after = server.figure('san_requests_total{path="/v1/encode",status="201"}')
    require(before == after == 1, f"the photo was encoded {after} times")

    # What cannot be asked is said, and does no harm.
    page["classes"].clear()
    page["classes"].send_keys("cup,cup", Keys.ENTER)
    page.wait("the engine's error", lambda: "given twice" in page["status"].text)
    require(any("400" in line for line in page.complaints()), "the browser's log has the refusal")


def other_ways_in(server, page):
    page["classes"].clear()
    for kind in ("drop", "paste"):
        page.forget()
        page.driver.execute_async_script(HAND_OVER, kind, "/coffee.jpg", f"{kind}.jpg")
        page.says("Now name what is in it.")
    page.ask("cup, table")
    page.forget()
    page["file"].send_keys(str((PHOTOS / "rocket.jpg").resolve()))
    page.says("Labelled in")
    require(page["photo"].get_attribute("width") == "640", "the chosen photo is not shown")
    page.forget()
    page["file"].send_keys(str(pathlib.Path("README.md").resolve()))
    page.says("This browser cannot show this file")


def phone(page):
    size = {"width": 360, "height": 740, "deviceScaleFactor": 1, "mobile": True}
    page.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    wide = page.driver.execute_script("return [document.scrollingElement.scrollWidth, innerWidth]")
    require(wide[0] <= 360, f"on a phone the page is {wide} wide")
    small = page.driver.execute_script(
        "return [...document.querySelectorAll('button, .button, #classes')]"
        ".filter((e) => e.offsetParent && e.getBoundingClientRect().height < 40).map((e) => e.id)")
    require(small == [], f"too small for a finger: {small}")


def token(server, text):
    """The page of a server that asks for its token."""
    with tempfile.TemporaryDirectory() as folder, Page(server, pathlib.Path(folder)) as page:
        page["sample"].click()
        page.wait("the question for the token", lambda: page["access"].is_displayed())
        page["token"].send_keys("wrong", Keys.ENTER)
        page.wait("the question again", lambda: page["access"].is_displayed() and page["token"].get_attribute("value") == "")
        page["token"].send_keys(text, Keys.ENTER)
        page.says("Labelled in")
