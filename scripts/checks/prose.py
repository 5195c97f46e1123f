#!/usr/bin/env python3
"""Checks the project's Markdown pages: plain words, short sentences, short lines, and links that lead somewhere.

    python3 scripts/checks/prose.py [FOLDER]

FOLDER is a checkout of the repository; unless given, this one. README.md has at most 90 lines of at most 100 characters, other pages have lines of at most
140. A sentence has at most 30 words. The phrases of FORBIDDEN do not occur. Code blocks are exempt from all of it, and tables from the length of sentences
and lines. GENERATED pages come from declarations in the code: only their links are checked here. A relative link leads to a file, and its `#part` to a
heading there. Every finding is printed as FILE:LINE, and the exit status is 1 if there is one.
"""

import re
import sys
from pathlib import Path

PAGES = ("*.md", "docs/*.md", "data/*.md")
GENERATED = {"docs/settings.md", "docs/tables.md"}
README_LINES, README_WIDTH, WIDTH = 90, 100, 140
WORDS = 30
# A pattern in lower case, and what to write in its place.
FORBIDDEN = {
    r"mend(s|ed|ing)?": "fix",
    r"(made|make|makes|making) (\w+ ){0,3}again": "recompute",
    r"(done|does|asks?|asked|drawn|read|trained) again": "repeat, re-evaluate, redraw, reread or retrain",
    r"(asks?|asking) (the|a|its|each) networks?": "evaluate the network",
    r"networks? (is|are|was|were) asked": "the network is evaluated",
    r"asked (about|once|together|in fp32|in bf16)": "evaluated",
    r"(is|are|was|were) none": "is not, or has no",
    r"go(es)? on (from there|with)": "resume",
    r"in no key": "does not depend on",
    r"no whole": "not intact",
    r"stands? in(?! for)": "is listed in",
    r"turns? over": "the ranking flips when",
    r"beside whom": "compared with",
    r"tests neither": "including in tests",
    r"a share of the work": "a shard",
    r"all that you may do": "with your permissions",
    r"held against": "compared with",
    r"(is|are) told (by|from|to)": "known from",
}
ABBREVIATION = re.compile(r"\b(al|eq|e\.g|i\.e|vs|approx|Fig|No)\.$")


def blocks(text):
    """The line number, kind and text of each line: `code`, `table` or `prose`."""
    fenced = False
    for number, line in enumerate(text.splitlines(), 1):
        if line.lstrip().startswith("```"):
            fenced = not fenced
            yield number, "code", line
        elif fenced or re.match(r"\s*<!--", line):
            yield number, "code", line
        else:
            yield number, "table" if line.lstrip().startswith("|") else "prose", line


def paragraphs(lines):
    """The first line number and the lines of each paragraph, list item and heading."""
    first, found = 0, []
    for number, kind, line in [*lines, (0, "code", "")]:
        begins = kind != "prose" or not line.strip() or re.match(r"\s*([*+-]|\d+\.|#+)\s", line)
        if begins and found:
            yield first, found
            found = []
        if kind == "prose" and line.strip():
            first = first if found else number
            found.append(line)


def plain(text):
    """The text without Markdown: links and code as one word each."""
    text = re.sub(r"`[^`]*`", "X", text)
    text = re.sub(r"!?\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"[*_#>]", "", text)


def sentences(text):
    """The sentences of a paragraph."""
    parts = re.split(r"(?<=[.!?])[\"')]*\s+", text)
    sentence = ""
    for part in parts:
        sentence = f"{sentence} {part}".strip()
        if not ABBREVIATION.search(sentence):
            yield sentence
            sentence = ""
    if sentence:
        yield sentence


def anchors(text):
    """The anchors that GitHub gives to headings."""
    for _, kind, line in blocks(text):
        if kind == "prose" and line.startswith("#"):
            heading = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", line.lstrip("# "))
            yield re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def broken_links(path, lines):
    for number, kind, line in lines:
        for target in [] if kind == "code" else re.findall(r"\]\(([^)\s]+)\)", line):
            if re.match(r"[a-z]+:", target):
                continue
            file, _, part = target.partition("#")
            there = path.parent / file if file else path
            if not there.exists():
                yield number, f"the link leads to {file}, which is not there"
            elif part and part not in anchors(there.read_text(encoding="utf-8")):
                yield number, f"{file or 'this page'} has no heading for #{part}"


def long_lines(name, lines):
    width = README_WIDTH if name == "README.md" else WIDTH
    if name == "README.md" and len(lines) > README_LINES:
        yield README_LINES + 1, f"README.md has {len(lines)} lines, more than {README_LINES}"
    for number, kind, line in lines:
        if len(line) > width and (name == "README.md" or kind == "prose"):
            yield number, f"{len(line)} characters, more than {width}"


def wording(lines):
    for first, found in paragraphs(lines):
        for sentence in sentences(plain(" ".join(line.strip() for line in found))):
            words = [word for word in sentence.split() if re.search(r"\w", word)]
            if len(words) > WORDS:
                yield first, f"{len(words)} words in a sentence, more than {WORDS}: {' '.join(words[:8])} ..."
    tables = [(number, [line]) for number, kind, line in lines if kind == "table"]
    for first, found in [*paragraphs(lines), *tables]:
        text = " ".join(plain(line).strip() for line in found).lower()
        for pattern, instead in FORBIDDEN.items():
            if match := re.search(rf"\b(?:{pattern})\b", text):
                yield first, f'"{match[0]}": write "{instead}"'


def problems(root, path):
    name = path.relative_to(root).as_posix()
    lines = list(blocks(path.read_text(encoding="utf-8")))
    found = list(broken_links(path, lines))
    if name not in GENERATED:
        found += [*long_lines(name, lines), *wording(lines)]
    return [f"{name}:{number}: {what}" for number, what in sorted(found)]


def main():
    root = Path(sys.argv[1] if len(sys.argv) > 1 else Path(__file__).parents[2]).resolve()
    pages = sorted({path for pattern in PAGES for path in root.glob(pattern)})
    found = [problem for path in pages for problem in problems(root, path)]
    print("\n".join(found) if found else f"prose: {len(pages)} pages are in order")
    sys.exit(bool(found))


if __name__ == "__main__":
    main()
