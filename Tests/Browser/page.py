"""Clicks through the gateway's page in headless Chromium, as a person would.

usage: page.py URL [--key KEY] [--screenshots FOLDER] [--prompt TEXT] [--seconds N]

URL is the gateway's, such as http://127.0.0.1:8080. Needs selenium from PyPI, Chromium and its driver (Debian:
chromium, chromium-driver). Any model will do: nothing depends on what an answer says. Ends with status 0, or with
status 1 and a message that says what is not there.
"""

import argparse
import pathlib
import re
import shutil
import sys
import time

from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.support.ui import Select

VIEWS = ["chat", "compare", "cluster", "frontier"]
ORIGINS = {"matched", "kept", "expert"}
RULES = 18


class Missing(Exception):
    """Something that should be on the page is not there."""


def check(condition, message):
    if not condition:
        raise Missing(message)


class Page:
    def __init__(self, arguments):
        self.url = arguments.url.rstrip("/") + "/"
        self.key = arguments.key
        self.prompt = arguments.prompt
        self.seconds = arguments.seconds
        self.folder = arguments.screenshots
        options = webdriver.ChromeOptions()
        for flag in ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"]:
            options.add_argument(flag)
        options.binary_location = shutil.which("chromium") or shutil.which("google-chrome") or ""
        options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
        driver = shutil.which("chromedriver")
        service = webdriver.ChromeService(executable_path=driver) if driver else None
        self.driver = webdriver.Chrome(options=options, service=service)
        self.size(1280)

    # What a person sees and does

    def find(self, selector):
        found = self.driver.find_elements(By.CSS_SELECTOR, selector)
        check(found, f"there is no element {selector}")
        return found[0]

    def all(self, selector):
        return self.driver.find_elements(By.CSS_SELECTOR, selector)

    def text(self, selector):
        return self.find(selector).text

    def click(self, selector):
        element = self.find(selector)
        self.driver.execute_script("arguments[0].scrollIntoView({block: 'center'})", element)
        element.click()

    def fill(self, selector, text):
        element = self.find(selector)
        element.clear()
        element.send_keys(text)

    def wait(self, condition, message, seconds=None):
        end = time.monotonic() + (seconds or self.seconds)
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            time.sleep(0.1)
        raise Missing(f"{message} (waited {seconds or self.seconds} s)")

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def size(self, width, height=900):
        metrics = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", metrics)

    def scheme(self, name):
        features = {"features": [{"name": "prefers-color-scheme", "value": name}]}
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", features)

    def shot(self, name):
        if self.folder:
            self.folder.mkdir(parents=True, exist_ok=True)
            self.driver.save_screenshot(str(self.folder / f"{name}.png"))

    def open(self, view):
        self.click(f"#tab-{view}")
        check(self.find(f"#view-{view}").is_displayed(), f"the tab of {view} does not show its view")

    def asked(self, path):
        """How often the page has asked for a path."""
        return self.script(
            "return performance.getEntriesByType('resource').filter((one) => one.name.includes(arguments[0])).length", path
        )

    # Steps

    def load(self):
        self.driver.get(self.url)
        check(self.driver.title == "cascade", f"the title is {self.driver.title!r}")
        policy = self.script(
            "return fetch(location.href).then((answer) => answer.headers.get('content-security-policy'))"
        )
        check(policy and "default-src 'self'" in policy, f"the page comes with the Content-Security-Policy {policy!r}")
        check("unsafe" not in policy, f"the Content-Security-Policy allows too much: {policy!r}")
        if self.key:
            self.wait(lambda: self.find("#key-dialog").is_displayed(), "nobody asks for an API key", 10)
            self.shot("key")
            self.fill("#key", self.key)
            self.click("#key-save")
        self.wait(
            lambda: Select(self.find("#model")).first_selected_option.get_attribute("value"), "no model can be chosen"
        )
        models = [one.get_attribute("value") for one in Select(self.find("#model")).options]
        for suffix in ["", "/expert", "/drafter"]:
            check(any(one.endswith(suffix) and ("/" in one) == bool(suffix) for one in models),
                  f"no model pool{suffix}: there are {models}")
        return "the page loads and knows the models " + ", ".join(models)

    def settings(self):
        rules = Select(self.find("#rule"))
        check(len(rules.options) == RULES + 1, f"there are {len(rules.options) - 1} rules, not {RULES}")
        hints = set()
        for option in rules.options:
            rules.select_by_value(option.get_attribute("value"))
            hints.add(self.text("#rule-hint"))
        check(len(hints) >= RULES and "" not in hints, "not every rule says what it does")
        rules.select_by_value("lossless")
        check(not self.find("#alpha").is_enabled(), "lossless has no alpha, but the page offers one")
        rules.select_by_value("token-v3")
        check(self.find("#alpha").is_enabled(), "token-v3 has an alpha, but the page offers none")
        self.fill("#alpha", "0.5")
        check(self.find("#alpha-slider").get_attribute("value") == "0.5", "the slider does not follow the number")
        self.find("#alpha-slider").send_keys(Keys.ARROW_RIGHT)
        check(self.find("#alpha").get_attribute("value") == "0.51", "the number does not follow the slider")
        self.fill("#temperature", "0")
        self.fill("#max-tokens", "48")
        self.fill("#seed", "7")
        Select(self.find("#draft-length")).select_by_visible_text("4")
        return f"{RULES} rules with their meaning, alpha follows the rule"

    def answer_is_done(self):
        return not self.find("#stop").is_enabled() and self.find("#send").is_enabled()

    def ask(self, text):
        turns = len(self.all("#turns > li"))
        self.fill("#prompt", text)
        self.find("#prompt").send_keys(Keys.ENTER)
        self.wait(lambda: len(self.all("#turns > li")) == turns + 2, "the question does not show up", 10)

    def chat(self):
        html = "<b>bold</b> <img src=x onerror=\"document.title='run'\">"
        self.ask(f"{self.prompt} {html}")
        self.wait(self.answer_is_done, "the answer does not end")
        check(html in self.text("#turns li.asked .said"), "markup in a question is not shown as text")
        check(not self.all("#turns b, #turns img, #turns script"), "markup became elements of the page")
        check(self.driver.title == "cascade", "markup of a question was run")
        note = self.text("#turns li:last-child .answer-note")
        check(not self.all("#turns .failed"), f"the answer failed: {note}")
        tokens = self.all("#turns li:last-child .token")
        check(tokens, "the answer has no tokens")
        for token in tokens:
            origin = set(token.get_attribute("class").split()) & ORIGINS
            check(len(origin) == 1, f"the token {token.text!r} has no origin")
        figures = self.text("#turns li:last-child .figures")
        for words in ["token", "tokens/s", "expert passes/token"]:
            check(words in figures, f"the figures have no {words}: {figures}")
        check("Rule token-v3, alpha 0.51" in note, f"the answer does not say its rule: {note}")
        return f"{len(tokens)} tokens, each with its origin ({figures})"

    def evidence(self):
        tokens = self.all("#turns li:last-child .token[tabindex]")
        self.script("arguments[0].scrollIntoView({block: 'center'})", tokens[0])
        ActionChains(self.driver).move_to_element(tokens[0]).perform()
        panel = self.find("#evidence")
        self.wait(panel.is_displayed, "pointing at a token shows nothing", 5)
        check(len(panel.text) > 20, f"the evidence says little: {panel.text!r}")
        ActionChains(self.driver).move_to_element(self.find("h1")).perform()
        self.wait(lambda: not panel.is_displayed(), "the evidence stays when the pointer is gone", 5)
        stops = [one for one in tokens if one.get_attribute("tabindex") == "0"]
        check(len(stops) == 1, f"the answer is {len(stops)} stops of the Tab key, not 1")
        self.script("arguments[0].focus()", stops[0])
        self.wait(panel.is_displayed, "focus on a token shows nothing", 5)
        first = panel.text
        if len(tokens) > 1:
            stops[0].send_keys(Keys.ARROW_RIGHT)
            focused = self.driver.switch_to.active_element
            check(focused == tokens[1], "the arrow key does not go to the next token")
            check(focused.get_attribute("aria-describedby") == "evidence", "readers of the screen do not get the evidence")
            self.wait(lambda: panel.is_displayed() and panel.text != "", "the next token shows nothing", 5)
        self.shot("evidence")
        self.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
        check(not panel.is_displayed(), "Escape does not close the evidence")
        return "evidence on hover and by keyboard: " + first.splitlines()[0]

    def second_turn_and_stop(self):
        self.fill("#max-tokens", "4000")
        self.ask("Write a very long story with many words.")
        self.wait(lambda: self.all("#turns li:last-child .token") or self.answer_is_done(), "no first token")
        stopped = False
        try:
            if self.find("#stop").is_enabled():
                self.click("#stop")
                stopped = True
        except WebDriverException:
            pass  # It ended just then.
        self.wait(self.answer_is_done, "the stopped answer does not end", 20)
        note = self.text("#turns li:last-child .answer-note")
        if stopped:
            check("stopped" in note or note.startswith("Rule"), f"the stopped answer does not say so: {note}")
        check(len(self.all("#turns li.answered")) == 2, "the conversation has not two answers")
        self.fill("#max-tokens", "48")
        return f"a second turn, stopped: {note}"

    def compare(self):
        self.open("compare")
        self.fill("#compare-prompt", self.prompt)
        self.click("#compare-run")
        check(not self.find("#compare-run").is_enabled() or "yet" not in self.text("#passes-detail"), "nothing runs")
        self.wait(lambda: self.find("#compare-run").is_enabled(), "the comparison does not end")
        check(not self.all("#view-compare .failed"), "one of both failed: " + self.text("#passes-detail"))
        for one in ["passes-saved", "time-saved", "words-differ"]:
            check(re.match(r"[−\d]", self.text(f"#{one}")), f"{one} has no figure: {self.text(f'#{one}')}")
        for side in ["expert", "rule"]:
            check(self.all(f"#answer-{side} .token"), f"the side {side} has no tokens")
        origins = {one.get_attribute("class") for one in self.all("#answer-expert .token:not(.differs)")}
        check(all("expert" in one for one in origins), f"the expert alone has tokens of others: {origins}")
        return "saved: " + self.text("#passes-detail") + "; " + self.text("#time-detail")

    def cluster(self):
        # A job that runs meanwhile can be cancelled.
        self.open("chat")
        self.fill("#max-tokens", "4000")
        self.ask("Write a very long story with many words.")
        self.open("cluster")
        self.wait(lambda: self.all("#nodes .node"), "there are no nodes", 10)
        roles = {one.text for one in self.all("#nodes .role")}
        check({"expert", "drafter"} <= roles, f"the nodes have the roles {roles}")
        check(self.all("#nodes .curve"), "no node has a cost curve")
        check(self.all("#why li"), "nothing says why it is slow")
        check("rounds" in self.text("#status"), "the status has no rounds")
        check(self.all("#pools tbody tr"), "there are no pools")
        check(self.all("#jobs tbody tr"), "there are no jobs")
        cancelled = self.cancel()
        before = self.asked("cascade/v1/status")
        self.wait(lambda: self.asked("cascade/v1/status") >= before + 2, "the cluster is not asked again", 10)
        self.open("frontier")
        time.sleep(0.5)
        before = self.asked("cascade/v1/status")
        time.sleep(2.5)
        check(self.asked("cascade/v1/status") == before, "the cluster is asked although nobody looks")
        self.open("chat")
        self.wait(self.answer_is_done, "the cancelled answer does not end")
        self.fill("#max-tokens", "48")
        return f"{len(roles)} roles, live; {cancelled}"

    def cancel(self):
        for _ in range(3):
            buttons = self.all("#jobs .cancel")
            if not buttons:
                break
            try:
                name = buttons[0].get_attribute("aria-label")
                self.script("arguments[0].scrollIntoView({block: 'center'})", buttons[0])
                buttons[0].click()
            except WebDriverException:
                continue  # The job has just ended.
            self.wait(lambda: not self.all(f"#jobs [aria-label='{name}']"), "the cancelled job goes on", 20)
            return "a job was cancelled"
        return "no job lived long enough to be cancelled"

    def frontier(self):
        self.open("frontier")
        self.wait(lambda: self.all("#frontier .card"), "the frontier shows nothing", 20)
        if self.all("#frontier svg.scatter"):
            check(self.all("#frontier .mark"), "the plot has no marks")
            check(self.all("#frontier tbody tr"), "the plot has no table")
            return f"a plot with {len(self.all('#frontier svg.scatter .mark'))} marks"
        check("cascade gateway --results" in self.text("#frontier"), "the frontier does not say how to get one")
        return "no results; the page says how to give some"

    def keyboard(self):
        self.script("document.activeElement.blur(); scrollTo(0, 0)")
        self.open("chat")
        self.find("#tab-chat").send_keys(Keys.ARROW_RIGHT)
        check(self.find("#view-compare").is_displayed(), "the arrow key does not change the view")
        outline = self.script("return getComputedStyle(document.activeElement).outlineStyle")
        check(outline != "none", "focus is not visible")
        self.driver.switch_to.active_element.send_keys(Keys.HOME)
        check(self.find("#view-chat").is_displayed(), "Home does not go to the first view")
        unnamed = self.script(
            "return [...document.querySelectorAll('input, select, textarea')].filter("
            "(one) => !one.labels?.length && !one.ariaLabel).map((one) => one.id)"
        )
        check(not unnamed, f"fields without a label: {unnamed}")
        return "views by arrow keys, visible focus, labels"

    def looks(self):
        for width in [1280, 400]:
            self.size(width)
            self.open("chat")
            if width < 900 and self.find("#settings-box").get_attribute("open"):
                self.click("#settings-box summary")
            for scheme in ["light", "dark"]:
                self.scheme(scheme)
                for view in VIEWS:
                    self.open(view)
                    if view == "cluster":
                        self.wait(lambda: self.all("#nodes .node"), "there are no nodes", 10)
                    self.script("scrollTo(0, 0)")
                    wide = self.script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")
                    check(wide <= 0, f"{view} is {wide} pixels too wide at {width}")
                    self.shot(f"{view}-{width}-{scheme}")
        self.size(1280)
        self.scheme("light")
        return "no view is wider than the window at 1280 and 400 pixels"

    def complaints(self):
        # A missing frontier and a missing key are answers, not mistakes.
        usual = ["cascade/v1/frontier", "401"]
        severe = [
            one["message"] for one in self.driver.get_log("browser")
            if one["level"] == "SEVERE" and not any(words in one["message"] for words in usual)
        ]
        check(not severe, "the browser complains: " + "; ".join(severe[:5]))
        return "the browser has no complaints"


def main():
    parser = argparse.ArgumentParser(description="Clicks through the gateway's page.")
    parser.add_argument("url")
    parser.add_argument("--key", help="an API key, where the gateway wants one")
    parser.add_argument("--screenshots", type=pathlib.Path, metavar="FOLDER")
    parser.add_argument("--prompt", default="Count from one to ten in words.")
    parser.add_argument("--seconds", type=float, default=120, help="patience with an answer (default: 120)")
    page = Page(parser.parse_args())
    steps = [
        page.load, page.settings, page.chat, page.evidence, page.second_turn_and_stop, page.compare, page.cluster,
        page.frontier, page.keyboard, page.looks, page.complaints,
    ]
    try:
        for step in steps:
            try:
                print(f"{step.__name__}: {step()}", flush=True)
            except (Missing, WebDriverException) as error:
                page.shot("failure")
                reason = error if isinstance(error, Missing) else f"{type(error).__name__}: {error.msg}"
                sys.exit(f"{step.__name__} FAILED: {reason}")
    finally:
        page.driver.quit()


if __name__ == "__main__":
    main()
