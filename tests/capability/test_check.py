"""`conto capability check`: what is wrong is said with its line, its place and the reason."""

import re
from pathlib import Path

from tests.capability.conftest import FILES
from tests.capability.runner import SECRET, done

GOOD = """\
naftiko: 1.0.0-alpha2
info:
  label: Good
binds:
- namespace: env
  keys:
    TOKEN: TRY_TOKEN
capability:
  consumes:
  - type: http
    namespace: up
    baseUri: https://up.example/api
    authentication:
      type: bearer
      token: '{{env.TOKEN}}'
    resources:
    - name: things
      path: /things/{thing_id}
      operations:
      - name: find
        method: GET
        inputParameters:
        - name: page
          in: query
          type: integer
  exposes:
  - type: rest
    namespace: good-rest
    port: 8080
    resources:
    - path: /v1/things/{thing-id}
      operations:
      - method: GET
        name: find
        call: up.find
        with:
          page: rest.page
        outputParameters:
        - type: object
          mapping: $.
  - type: mcp
    namespace: good-mcp
    port: 9090
    transport: http
    tools:
    - name: find-thing
      description: Find a thing.
      hints:
        readOnly: true
      call: up.find
      with:
        page: tools.page
"""

MISTAKES = [
    # what stands there, what is made of it, the line and what is said of it
    ("1.0.0-alpha2", "1.0.0-alpha1", 1, "naftiko: version '1.0.0-alpha1' is not served; 1.0.0-alpha2 is"),
    ("1.0.0-alpha2", "1.0.0", 1, "naftiko: version '1.0.0' is not served; 1.0.0-alpha2 is"),
    ("1.0.0-alpha2", "2.0.0-alpha3", 1, "naftiko: version '2.0.0-alpha3' is not served; 1.0.0-alpha2 is"),
    ("1.0.0-alpha2", "1.0", 1, "naftiko: it must be text, not a number"),
    ("naftiko: 1.0.0-alpha2\n", "", 1, "'naftiko' is missing"),
    ("  label: Good", "  label: Good\n  lable: Bad", 4, "info.lable: unknown key 'lable'; did you mean 'label'?"),
    ("  label: Good", "  label: Good\n  label: Bad", 4, "info.label: the key stands here twice"),
    ("TOKEN: TRY_TOKEN", "OTHER: TRY_TOKEN", 15, "authentication.token: nothing binds {{env.TOKEN}}"),
    ("    TOKEN: TRY_TOKEN", "  - TOKEN", 6, "binds[0].keys: it must be a mapping, not a list"),
    ("'{{env.TOKEN}}'", "{{env.TOKEN}}", 15, "a template stands in quotes, as in '{{env.NAME}}'"),
    ("type: http", "type: ftp", 10, "capability.consumes[0].type: 'ftp' is none of http"),
    ("namespace: up", "namespace: u p", 11, "capability.consumes[0].namespace: 'u p' does not match"),
    ("    namespace: up\n", "", 10, "capability.consumes[0]: 'namespace' is missing"),
    ("https://up.example/api", "up.example", 12, "baseUri: it must be a URL that begins with http:// or https://"),
    ("https://up.example", "https://a:b@up.example", 12, "baseUri: credentials belong under authentication"),
    ("type: bearer", "type: digest", 14, "authentication.type: 'digest' is none of bearer, apikey, basic"),
    ("'{{env.TOKEN}}'", "17", 15, "authentication.token: it must be text, not a whole number"),
    ("      token:", "      tokne:", 15, "authentication.tokne: unknown key 'tokne'; did you mean 'token'?"),
    ("      token:", "      tokne:", 13, "capability.consumes[0].authentication: 'token' is missing"),
    ("/things/{thing_id}", "/things/{thing_id", 18, "path: the braces of '/things/{thing_id' do not match"),
    ("method: GET\n        inp", "method: FETCH\n        inp", 21, "method: 'FETCH' does not match"),
    ("        inputParameters:", "        inputParams:", 22, "inputParams: unknown key 'inputParams'; did you mean"),
    ("          in: query", "          in: cookie", 24, "in: 'cookie' is none of query, path, header, body"),
    ("          in: query", "          in: path", 20, "the path /things/{thing_id} has no parameter 'page'"),
    ("type: integer", "type: int", 25, "inputParameters[0].type: 'int' is none of string, number, integer"),
    ("  - type: rest", "  - type: skill", 27, "capability.exposes[0].type: 'skill' is none of rest, mcp"),
    ("port: 8080", "port: 99999", 29, "capability.exposes[0].port: a port is a whole number from 1 to 65535"),
    ("port: 9090", "port: 8080", 43, "capability.exposes[1].port: port 8080 is exposed already"),
    ("    port: 9090\n", "", 41, "capability.exposes[1]: 'port' is missing"),
    ("{thing-id}", "{id}", 33, "nothing feeds the path parameter 'thing_id'"),
    ("call: up.find\n        w", "call: up.fnid\n        w", 35, "no operation 'up.fnid'; did you mean up.find?"),
    ("call: up.find\n      w", "call: down.find\n      w", 50, "'down.find' names no consumed namespace"),
    ("call: up.find\n      w", "call: find\n      w", 50, "tools[0].call: 'find' names no consumed namespace"),
    ("page: rest.page", "pgae: rest.page", 37, "with.pgae: up.find has no parameter 'pgae'; did you mean 'page'?"),
    ("page: tools.page", "page: rest.page", 52, "with.page: rest.page does not exist here"),
    ("mapping: $.", "mapping: $.a[", 40, "outputParameters[0].mapping: '$.a[' is no JSONPath"),
    ("transport: http", "transport: sse", 44, "capability.exposes[1].transport: 'sse' is none of http, stdio"),
    ("readOnly: true", "readOnly: maybe", 49, "hints.readOnly: it must be true or false, not text"),
    ("readOnly: true", "readonly: true", 49, "hints.readonly: unknown key 'readonly'; did you mean 'readOnly'?"),
    ("      call: up.find\n      with", "      steps: []\n      with", 50, "'steps' is not served by this runner"),
    ("name: find-thing", "name: find thing", 46, "tools[0].name: 'find thing' does not match"),
    ("    tools:\n", "    tools: []\n    others:\n", 45, "capability.exposes[1].tools: the list is empty"),
    ("  exposes:", "  exposed:", 26, "capability.exposed: unknown key 'exposed'; did you mean 'exposes'?"),
    ("type: integer", "type: string\n          pattern: '['", 47, "tools[0]: no JSON Schema comes of its parameters"),
    ("/v1/things/{thing-id}", "/v1/things/{thing-id}?a=b", 31, "path: an exposed path has no query"),
    ("  label: Good", "  label: [", 5, "no YAML: expected the node content"),
    ("  label: Good", "  label: *nobody", 3, "no YAML: found undefined alias"),
    ("naftiko: 1.0.0-alpha2", "--- {}\n---\nnaftiko: 1.0.0-alpha2", 2, "no YAML: but found another document"),
]  # fmt: skip


async def test_each_mistake_is_told_with_its_line_place_and_reason(tmp_path: Path):
    files = [tmp_path / f"{number}.yaml" for number in range(len(MISTAKES))]
    for file, (there, made, _, _) in zip(files, MISTAKES, strict=True):
        assert there in GOOD, there
        file.write_text(GOOD.replace(there, made, 1))
    status, output, _ = await done("check", *map(str, files))
    lines = output.splitlines()
    assert status == 1
    for file, (_, _, line, said) in zip(files, MISTAKES, strict=True):
        about = [text for text in lines if text.startswith(f"{file}:")]
        assert any(re.match(rf"{file}:{line}: .*{re.escape(said)}", text) for text in about), (said, line, about)


async def test_what_is_wrong_twice_is_told_twice(tmp_path: Path):
    file = tmp_path / "twice.yaml"
    file.write_text(GOOD.replace("call: up.find", "call: up.lost").replace("label: Good", "lable: Good"))
    status, output, _ = await done("check", str(file))
    assert (status, output.count("there is no operation 'up.lost'"), output.count("unknown key")) == (1, 2, 1)


NO_FILES = [
    (b"", "it is empty"),
    (b"\xff\xfe\x00", "it is not text in UTF-8"),
    (b"- a\n- b\n", "it must be a mapping, not a list"),
    (b"a: &a [*a]\n", "no YAML: aliases make it endless"),
    (b"a: !!python/object:os.system {}\n", "no YAML: nothing knows tag:yaml.org,2002:python/object:os.system"),
    (b"a: !!python/name:os.system x\n", "no YAML: could not determine a constructor"),
    (None, "it cannot be read: No such file or directory"),
]


async def test_what_is_no_capability_file_is_refused(tmp_path: Path):
    files = [tmp_path / f"{number}.yaml" for number in range(len(NO_FILES))]
    for file, (content, _) in zip(files, NO_FILES, strict=True):
        if content is not None:
            file.write_bytes(content)
    status, output, _ = await done("check", *map(str, files))
    assert status == 1
    for file, (_, said) in zip(files, NO_FILES, strict=True):
        assert f"{file}:1: {said}" in output


async def test_aliases_that_multiply_are_refused(tmp_path: Path):
    file = tmp_path / "laughs.yaml"
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 9)]
    file.write_text("\n".join(lines))
    status, output, _ = await done("check", str(file))
    assert (status, "aliases make it endless" in output) == (1, True)


async def test_secrets_that_stand_in_a_file_are_not_shown(tmp_path: Path):
    file = tmp_path / "secret.yaml"
    text = GOOD.replace("type: bearer", "type: apikey").replace(
        "token: '{{env.TOKEN}}'", f"value: [{SECRET}]\n      key: X y"
    )
    file.write_text(text)
    status, output, _ = await done("check", str(file))
    assert (status, "value: it must be text, not a list" in output, SECRET in output) == (1, True, False)


async def test_good_files_are_summed_up_without_their_environment(tmp_path: Path):
    file = tmp_path / "good.yaml"
    file.write_text(GOOD)
    status, output, errors = await done("check", str(file), *map(str, sorted(FILES.glob("*.yaml"))))
    assert status == 0
    assert (
        f"{file}: Good: REST http://127.0.0.1:8080/ (1 operations), MCP http://127.0.0.1:9090/mcp (1 tools)" in output
    )
    assert len(output.splitlines()) == 5
    assert "keys.yaml:2: naftiko: it is of version 1.0.0-alpha3, and read as 1.0.0-alpha2" in errors
