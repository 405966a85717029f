"""Writes "pieces" in patterns.json: how the patterns of tokenizers cut texts, each what the one before left. Needs: pip install regex.

The module regex agrees with Oniguruma on all that the patterns use, once two escapes are written its way: V1 gives nested sets, MULTILINE a $ at the
end of every line, and without case it folds as Unicode says.
"""
import json
import re
import regex

with open("patterns.json") as file:
    cases = json.load(file)
for case in cases:
    pieces = [case["text"]]
    for pattern in case["patterns"]:
        pattern = re.sub(r"\\x\{(\w+)\}", lambda m: chr(int(m.group(1), 16)), pattern).replace("\\h", "[0-9a-fA-F]")
        pattern = regex.compile(pattern, regex.V1 | regex.MULTILINE)
        cut = []
        for piece in pieces:
            done = 0
            for match in pattern.finditer(piece):
                if match.end() > match.start():
                    cut += [piece[done:match.start()], match.group()]
                    done = match.end()
            cut.append(piece[done:])
        pieces = [piece for piece in cut if piece]
    case["pieces"] = pieces
with open("patterns.json", "w") as file:
    json.dump(cases, file, indent=0)
