"""Writes cases.json: templates, contexts and what Jinja2 renders for them.

Settings are those under which chat templates are run in practice: a sandboxed environment with trim_blocks, lstrip_blocks and
loop controls, and a tojson that is plain json.dumps. Needs: pip install jinja2. Usage: python generate.py > cases.json
A second renderer (check.mjs, @huggingface/jinja) was run over the result; where the two differ, Jinja2 is right.
"""
import json
import sys
from jinja2.sandbox import ImmutableSandboxedEnvironment
from jinja2.exceptions import TemplateError


def raise_exception(message):
    raise TemplateError(message)


env = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, extensions=["jinja2.ext.loopcontrols"])
env.filters["tojson"] = lambda x, ensure_ascii=False, indent=None, separators=None, sort_keys=False: json.dumps(
    x, ensure_ascii=ensure_ascii, indent=indent, separators=separators, sort_keys=sort_keys)
env.globals["raise_exception"] = raise_exception
env.globals["strftime_now"] = lambda f: "26 Jul 2024"

TOOLS = [{"type": "function", "function": {"name": "get_weather", "description": "Weather of a \"city\" <now>", "parameters": {
    "type": "object", "properties": {"city": {"type": "string", "enum": ["Köln", "O'Fallon"]}, "days": {"type": "integer", "default": 3}}, "required": ["city"]}}}]
U = lambda t: {"role": "user", "content": t}
A = lambda t, **k: {"role": "assistant", "content": t, **k}
S = lambda t: {"role": "system", "content": t}
CALL = {"type": "function", "function": {"name": "get_weather", "arguments": {"city": "Köln", "days": 2, "f": 1.5, "n": None, "b": True}}}
CONVERSATIONS = {
    "one question": [U("Hello?")],
    "question and answer": [U("  What is 2+2?\n"), A("\n 4 \n")],
    "system": [S(" Be brief. "), U("你好 naïve 😀"), A("Hi")],
    "several turns": [U("a"), A("<think>\nhm\n</think>\n\nb"), U("c"), A("<think>so</think>d"), U("e")],
    "ends with reasoning": [S("s"), U("a"), A("<think>\none\n\ntwo\n</think>\n\nb")],
    "tool call": [U("Weather?"), A("", tool_calls=[CALL]), {"role": "tool", "content": "{\"t\": 7}"}, {"role": "tool", "content": "x"}, A("7 degrees")],
    "two users in a row": [U("a"), U("b")],
    "assistant first": [A("a"), U("b")],
    "empty": [],
    "parts": [{"role": "user", "content": [{"type": "text", "text": "one"}, {"type": "image"}, {"type": "text", "text": "two"}]}],
}

LLAMA31 = r"""{{- bos_token }}
{%- if custom_tools is defined %}
    {%- set tools = custom_tools %}
{%- endif %}
{%- if not tools_in_user_message is defined %}
    {%- set tools_in_user_message = true %}
{%- endif %}
{%- if not date_string is defined %}
    {%- set date_string = strftime_now("%d %b %Y") %}
{%- endif %}
{%- if not tools is defined %}
    {%- set tools = none %}
{%- endif %}

{#- The system message comes first; the date belongs there. #}
{%- if messages[0]['role'] == 'system' %}
    {%- set system_message = messages[0]['content']|trim %}
    {%- set messages = messages[1:] %}
{%- else %}
    {%- set system_message = "" %}
{%- endif %}

{{- "<|start_header_id|>system<|end_header_id|>\n\n" }}
{%- if builtin_tools is defined or tools is not none %}
    {{- "Environment: ipython\n" }}
{%- endif %}
{%- if builtin_tools is defined %}
    {{- "Tools: " + builtin_tools | reject('equalto', 'code_interpreter') | join(", ") + "\n\n"}}
{%- endif %}
{{- "Cutting Knowledge Date: December 2023\n" }}
{{- "Today Date: " + date_string + "\n\n" }}
{%- if tools is not none and not tools_in_user_message %}
    {{- "You have these functions:\n\n" }}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\n\n" }}
    {%- endfor %}
{%- endif %}
{{- system_message }}
{{- "<|eot_id|>" }}
{%- if tools_in_user_message and not tools is none %}
    {%- if messages | length != 0 %}
        {%- set first_user_message = messages[0]['content']|trim %}
        {%- set messages = messages[1:] %}
    {%- else %}
        {{- raise_exception("Cannot put tools in the first user message when there's no first user message!") }}
{%- endif %}
    {{- '<|start_header_id|>user<|end_header_id|>\n\n' -}}
    {{- "Answer with a function call.\n\n" }}
    {{- 'Respond as {"name": function name, "parameters": dictionary of argument name and its value}.' }}
    {%- for t in tools %}
        {{- t | tojson(indent=4) }}
        {{- "\n\n" }}
    {%- endfor %}
    {{- first_user_message + "<|eot_id|>"}}
{%- endif %}
{%- for message in messages %}
    {%- if not (message.role == 'ipython' or message.role == 'tool' or 'tool_calls' in message) %}
        {{- '<|start_header_id|>' + message['role'] + '<|end_header_id|>\n\n'+ message['content'] | trim + '<|eot_id|>' }}
    {%- elif 'tool_calls' in message %}
        {%- if not message.tool_calls|length == 1 %}
            {{- raise_exception("This model only supports single tool-calls at once!") }}
        {%- endif %}
        {%- set tool_call = message.tool_calls[0].function %}
        {%- if builtin_tools is defined and tool_call.name in builtin_tools %}
            {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' -}}
            {{- "<|python_tag|>" + tool_call.name + ".call(" }}
            {%- for arg_name, arg_val in tool_call.arguments | items %}
                {{- arg_name + '="' + arg_val + '"' }}
                {%- if not loop.last %}
                    {{- ", " }}
                {%- endif %}
            {%- endfor %}
            {{- ")" }}
        {%- else  %}
            {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' -}}
            {{- '{"name": "' + tool_call.name + '", ' }}
            {{- '"parameters": ' }}
            {{- tool_call.arguments | tojson }}
            {{- "}" }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- elif message.role == "tool" or message.role == "ipython" %}
        {{- "<|start_header_id|>ipython<|end_header_id|>\n\n" }}
        {%- if message.content is mapping or message.content is iterable %}
            {{- message.content | tojson }}
        {%- else %}
            {{- message.content }}
        {%- endif %}
        {{- "<|eot_id|>" }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|start_header_id|>assistant<|end_header_id|>\n\n' }}
{%- endif %}
"""
QWEN25 = r"""{%- if tools %}
    {{- '<|im_start|>system\n' }}
    {%- if messages[0]['role'] == 'system' %}
        {{- messages[0]['content'] }}
    {%- else %}
        {{- 'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.' }}
    {%- endif %}
    {{- "\n\n# Tools\n\nFunctions within <tools></tools>:\n<tools>" }}
    {%- for tool in tools %}
        {{- "\n" }}
        {{- tool | tojson }}
    {%- endfor %}
    {{- "\n</tools>\n{\"name\": <function-name>, \"arguments\": <args-json-object>}\n<|im_end|>\n" }}
{%- else %}
    {%- if messages[0]['role'] == 'system' %}
        {{- '<|im_start|>system\n' + messages[0]['content'] + '<|im_end|>\n' }}
    {%- else %}
        {{- '<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n' }}
    {%- endif %}
{%- endif %}
{%- for message in messages %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) or (message.role == "assistant" and not message.tool_calls) %}
        {{- '<|im_start|>' + message.role + '\n' + message.content + '<|im_end|>' + '\n' }}
    {%- elif message.role == "assistant" %}
        {{- '<|im_start|>' + message.role }}
        {%- if message.content %}
            {{- '\n' + message.content }}
        {%- endif %}
        {%- for tool_call in message.tool_calls %}
            {%- if tool_call.function is defined %}
                {%- set tool_call = tool_call.function %}
            {%- endif %}
            {{- '\n<tool_call>\n{"name": "' }}
            {{- tool_call.name }}
            {{- '", "arguments": ' }}
            {{- tool_call.arguments | tojson }}
            {{- '}\n</tool_call>' }}
        {%- endfor %}
        {{- '<|im_end|>\n' }}
    {%- elif message.role == "tool" %}
        {%- if (loop.index0 == 0) or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\n<tool_response>\n' }}
        {{- message.content }}
        {{- '\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
{%- endif %}
"""
QWEN3 = r"""{%- if messages and messages[0].role == 'system' %}
    {{- '<|im_start|>system\n' + messages[0].content + '<|im_end|>\n' }}
{%- endif %}
{%- set ns = namespace(multi_step_tool=true, last_query_index=messages|length - 1) %}
{%- for message in messages[::-1] %}
    {%- set index = (messages|length - 1) - loop.index0 %}
    {%- if ns.multi_step_tool and message.role == "user" and message.content is string and not(message.content.startswith('<tool_response>') and message.content.endswith('</tool_response>')) %}
        {%- set ns.multi_step_tool = false %}
        {%- set ns.last_query_index = index %}
    {%- endif %}
{%- endfor %}
{%- for message in messages %}
    {%- if message.content is string %}
        {%- set content = message.content %}
    {%- else %}
        {%- set content = '' %}
    {%- endif %}
    {%- if (message.role == "user") or (message.role == "system" and not loop.first) %}
        {{- '<|im_start|>' + message.role + '\n' + content + '<|im_end|>' + '\n' }}
    {%- elif message.role == "assistant" %}
        {%- set reasoning_content = '' %}
        {%- if message.reasoning_content is string %}
            {%- set reasoning_content = message.reasoning_content %}
        {%- else %}
            {%- if '</think>' in content %}
                {%- set reasoning_content = content.split('</think>')[0].rstrip('\n').split('<think>')[-1].lstrip('\n') %}
                {%- set content = content.split('</think>')[-1].lstrip('\n') %}
            {%- endif %}
        {%- endif %}
        {%- if loop.index0 > ns.last_query_index %}
            {%- if loop.last or (not loop.last and reasoning_content) %}
                {{- '<|im_start|>' + message.role + '\n<think>\n' + reasoning_content.strip('\n') + '\n</think>\n\n' + content.lstrip('\n') }}
            {%- else %}
                {{- '<|im_start|>' + message.role + '\n' + content }}
            {%- endif %}
        {%- else %}
            {{- '<|im_start|>' + message.role + '\n' + content }}
        {%- endif %}
        {%- if message.tool_calls %}
            {%- for tool_call in message.tool_calls %}
                {%- if (loop.first and content) or (not loop.first) %}
                    {{- '\n' }}
                {%- endif %}
                {{- '<tool_call>\n{"name": "' + tool_call.function.name + '", "arguments": ' }}
                {%- if tool_call.function.arguments is string %}
                    {{- tool_call.function.arguments }}
                {%- else %}
                    {{- tool_call.function.arguments | tojson }}
                {%- endif %}
                {{- '}\n</tool_call>' }}
            {%- endfor %}
        {%- endif %}
        {{- '<|im_end|>\n' }}
    {%- elif message.role == "tool" %}
        {%- if loop.first or (messages[loop.index0 - 1].role != "tool") %}
            {{- '<|im_start|>user' }}
        {%- endif %}
        {{- '\n<tool_response>\n' }}
        {{- content }}
        {{- '\n</tool_response>' }}
        {%- if loop.last or (messages[loop.index0 + 1].role != "tool") %}
            {{- '<|im_end|>\n' }}
        {%- endif %}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\n\n</think>\n\n' }}
    {%- endif %}
{%- endif %}"""
MISTRAL = r"""{%- if messages and messages[0]["role"] == "system" %}
    {%- set system_message = messages[0]["content"] %}
    {%- set loop_messages = messages[1:] %}
{%- else %}
    {%- set loop_messages = messages %}
{%- endif %}
{%- set user_messages = loop_messages | selectattr("role", "equalto", "user") | list %}
{%- set ns = namespace() %}
{%- set ns.index = 0 %}
{%- for message in loop_messages %}
    {%- if not (message.role == "tool" or (message.tool_calls is defined and message.tool_calls is not none)) %}
        {%- if (message["role"] == "user") != (ns.index % 2 == 0) %}
            {{- raise_exception("After the optional system message, conversation roles must alternate user/assistant/user/assistant/...") }}
        {%- endif %}
        {%- set ns.index = ns.index + 1 %}
    {%- endif %}
{%- endfor %}
{{- bos_token }}
{%- for message in loop_messages %}
    {%- if message["role"] == "user" %}
        {%- if tools is not none and (message == user_messages[-1]) %}
            {{- "[AVAILABLE_TOOLS] [" }}
            {%- for tool in tools %}
                {%- set tool = tool.function %}
                {{- '{"type": "function", "function": {' }}
                {%- for key, val in tool.items() if key != "return" %}
                    {%- if val is string %}
                        {{- '"' + key + '": "' + val + '"' }}
                    {%- else %}
                        {{- '"' + key + '": ' + val|tojson }}
                    {%- endif %}
                    {%- if not loop.last %}
                        {{- ", " }}
                    {%- endif %}
                {%- endfor %}
                {{- "}}" }}
                {%- if not loop.last %}{{- ", " }}{%- else %}{{- "]" }}{%- endif %}
            {%- endfor %}
            {{- "[/AVAILABLE_TOOLS]" }}
        {%- endif %}
        {%- if loop.last and system_message is defined %}
            {{- "[INST] " + system_message + "\n\n" + message["content"] + "[/INST]" }}
        {%- else %}
            {{- "[INST] " ~ message["content"] ~ "[/INST]" }}
        {%- endif %}
    {%- elif message.tool_calls is defined and message.tool_calls is not none %}
        {{- "[TOOL_CALLS] [" }}
        {%- for tool_call in message.tool_calls %}
            {%- set out = tool_call.function|tojson %}
            {{- out[:-1] }}
            {{- ', "id": "' + loop.index|string + '"}' }}
        {%- endfor %}
        {{- "]" + eos_token }}
    {%- elif message["role"] == "assistant" %}
        {{- " " + message["content"]|trim + eos_token}}
    {%- elif message["role"] == "tool" %}
        {{- '[TOOL_RESULTS] {"content": ' + message.content|string + "}[/TOOL_RESULTS]" }}
    {%- else %}
        {{- raise_exception("Only user and assistant roles are supported, with the exception of an initial optional system message!") }}
    {%- endif %}
{%- endfor %}
"""
GEMMA = r"""{{ bos_token }}
{%- if messages and messages[0]['role'] == 'system' -%}
    {%- set first_user_prefix = messages[0]['content'] + '

' -%}
    {%- set loop_messages = messages[1:] -%}
{%- else -%}
    {%- set first_user_prefix = "" -%}
    {%- set loop_messages = messages -%}
{%- endif -%}
{%- for message in loop_messages -%}
    {%- if (message['role'] == 'user') != (loop.index0 % 2 == 0) -%}
        {{ raise_exception("Conversation roles must alternate user/assistant/user/assistant/...") }}
    {%- endif -%}
    {%- if (message['role'] == 'assistant') -%}
        {%- set role = "model" -%}
    {%- else -%}
        {%- set role = message['role'] -%}
    {%- endif -%}
    {{ '<start_of_turn>' + role + '
' + (first_user_prefix if loop.first else "") }}
    {%- if message['content'] is string -%}
        {{ message['content'] | trim }}
    {%- elif message['content'] is iterable -%}
        {%- for item in message['content'] -%}
            {%- if item['type'] == 'image' -%}
                {{ '<start_of_image>' }}
            {%- elif item['type'] == 'text' -%}
                {{ item['text'] | trim }}
            {%- endif -%}
        {%- endfor -%}
    {%- else -%}
        {{ raise_exception("Invalid content type") }}
    {%- endif -%}
    {{ '<end_of_turn>
' }}
{%- endfor -%}
{%- if add_generation_prompt -%}
    {{'<start_of_turn>model
'}}
{%- endif -%}
"""
CHATML = "{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
INTERNLM2 = "{{ bos_token }}{% for message in messages %}{{'<|im_start|>' + message['role'] + '\\n' + message['content'] + '<|im_end|>' + '\\n'}}{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\\n' }}{% endif %}"
ZEPHYR = r"""{% for message in messages %}
{% if message['role'] == 'user' %}
{{ '<|user|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'system' %}
{{ '<|system|>
' + message['content'] + eos_token }}
{% elif message['role'] == 'assistant' %}
{{ '<|assistant|>
'  + message['content'] + eos_token }}
{% endif %}
{% if loop.last and add_generation_prompt %}
{{ '<|assistant|>' }}
{% endif %}
{% endfor %}
"""
MACROS = r"""{%- macro json_to_python_type(json_spec) -%}
    {%- set basic = {"string": "str", "number": "float", "integer": "int", "boolean": "bool"} %}
    {%- if basic[json_spec.type] is defined -%}
        {{- basic[json_spec.type] }}
    {%- elif json_spec.type == "array" -%}
        {{- "list[" + json_to_python_type(json_spec["items"]) + "]"}}
    {%- elif json_spec.type == "object" -%}
        {%- if json_spec.additionalProperties is defined -%}
            {{- "dict[str, " + json_to_python_type(json_spec.additionalProperties) + ']'}}
        {%- else -%}
            {{- "dict" }}
        {%- endif -%}
    {%- elif json_spec.type is iterable -%}
        {{- "Union[" }}
        {%- for t in json_spec.type -%}
          {{- json_to_python_type({"type": t}) }}
          {%- if not loop.last -%}{{- "," }}{%- endif -%}
        {%- endfor -%}
        {{- "]" }}
    {%- else -%}
        {{- "Any" }}
    {%- endif -%}
{%- endmacro -%}
{{ bos_token }}
{%- for tool in tools or [] %}
{{ tool.function.name }}({% for name, field in tool.function.parameters.properties.items() %}{{ name }}: {{ json_to_python_type(field) }}{% if not loop.last %}, {% endif %}{% endfor %}) - {{ tool.function.description | upper }}
{%- endfor %}
{% for message in messages -%}
<|{{ message.role }}|>{{ message.content if message.content is string else message.content | map(attribute='text') | select('defined') | join(' / ') }}
{% endfor %}"""
REAL = {"llama-3.1": LLAMA31, "qwen2.5": QWEN25, "qwen3": QWEN3, "mistral": MISTRAL, "gemma": GEMMA, "chatml": CHATML, "internlm2": INTERNLM2, "zephyr": ZEPHYR, "macros": MACROS}

SMALL = r"""
{{ 1 + 2 * 3 }} {{ (1 + 2) * 3 }} {{ 7 // 2 }} {{ -7 // 2 }} {{ 7 % 3 }} {{ -7 % 3 }} {{ 7 / 2 }} {{ 2 ** 10 }} {{ 6 / 3 }} {{ 1.5 + 1 }} {{ 7.5 // 2 }} {{ -1 | abs }}
{{ 1e16 }} {{ 1e-5 }} {{ 0.1 + 0.2 }} {{ 100000.0 }} {{ 1_000 }} {{ 123456789012345680.0 }} {{ -0.5 }} {{ 3.0e2 }}
{{ 'a' ~ 1 ~ none ~ true ~ 2.0 ~ undef ~ [1, 'x', "it's"] ~ {'k': (1,)} }}
{{ "a" "b" 'c' }} {{ 'tab\there' }} {{ 'q\'q"' }} {{ "\u00e4\x41" }} {{ '\d' }}
{{ none }}|{{ true }}|{{ [] }}|{{ {} }}|{{ () }}|{{ [none, true, 1.0] }}|{{ undef }}|
{{ [1,2,3][0] }} {{ [1,2,3][-1] }} {{ [1,2,3][1:] }} {{ [1,2,3][::-1] }} {{ 'hello'[1:3] }} {{ 'hello'[-1] }} {{ 'hello'[::-1] }} {{ (1,2,3)[:2] }} {{ [1,2,3][5:] }} {{ 'a😀b'[1] }} {{ 'a😀b' | length }} {{ [1,2,3,4,5][4:1:-2] }} {{ [1,2][9] is defined }}
{{ 1 if true else 2 }} {{ 1 if false }}| {{ 'x' if 0 else 'y' if 0 else 'z' }}
{{ 1 < 2 < 3 }} {{ 1 < 2 > 5 }} {{ 'a' < 'b' }} {{ 1 == 1.0 }} {{ '1' == 1 }} {{ [1] == [1] }} {{ (1,) == [1] }} {{ {'a': 1} == {'a': 1} }} {{ true == 1 }} {{ none == undef }}
{{ 'a' in 'cat' }} {{ 'a' in ['b'] }} {{ 'k' in {'k': 1} }} {{ 'x' not in 'abc' }} {{ not 'x' in 'abc' }} {{ 1 in undef }}
{{ true and 'x' }} {{ '' or 'y' }} {{ not none }} {{ false or none or 0 }} {{ 'a' and 0 }} {{ not 1 == 2 }}
{{ x is defined }} {{ x is not defined }} {{ none is none }} {{ 1 is number }} {{ 1.0 is float }} {{ 's' is string }} {{ {} is mapping }} {{ [] is iterable }} {{ [] is sequence }} {{ true is boolean }} {{ 1 is boolean }} {{ 3 is odd }} {{ 4 is even }} {{ 9 is divisibleby 3 }} {{ 9 is divisibleby(2) }} {{ 1 is eq 1 }} {{ true is true }} {{ 1 is true }} {{ 1 is in [1, 2] }} {{ 'a' is lower }} {{ none is sameas none }} {{ 5 is integer }} {{ none is string }} {{ undef is iterable }} {{ 1 is defined and 2 is defined }} {{ 'A' is upper }} {{ range is callable }} {{ 'abc' is string and true }} {{ 2 is gt 1 }} {{ 2 is ne 2 }}
{{ '  a b  ' | trim }}| {{ 'xxaxx' | trim('x') }} {{ 'hello world' | title }} {{ 'hELLO' | capitalize }} {{ 'a' | upper | lower }} {{ "they're bill's" | title }} {{ "they're bill's".title() }}
{{ [3,1,2] | sort }} {{ ['b','A','c'] | sort }} {{ [3,1,2] | sort(reverse=true) }} {{ [{'a': 2}, {'a': 1}] | sort(attribute='a') }} {{ [1,2,1] | unique | list }} {{ [1,2,3] | reverse | list }} {{ 'abc' | reverse }} {{ [1,2,3] | sum }} {{ [1,5,3] | max }} {{ [4,2] | min }} {{ ['a','A'] | unique | list }}
{{ [1,2,3] | join }} {{ [1,2,3] | join(', ') }} {{ [{'n': 'a'}, {'n': 'b'}] | join('-', attribute='n') }} {{ 'abc' | join('.') }} {{ {'a': 1, 'b': 2} | join }}
{{ [1,2,3] | first }} {{ [1,2,3] | last }} {{ [] | first }}| {{ 'abc' | first }} {{ [1,2] | length }} {{ {'a': 1} | length }} {{ undef | length }} {{ 'abc' | list }} {{ {'a': 1} | list }}
{{ undef | default('d') }} {{ '' | default('d') }}| {{ '' | default('d', true) }} {{ none | default('d') }} {{ none | d('x', boolean=true) }} {{ undef | default }}|
{{ 'a-b-c' | replace('-', '+') }} {{ 'a-b-c' | replace('-', '', 1) }} {{ 'aaa'.replace('a', 'b', 2) }} {{ 'ab'.replace('', '-') }}
{{ {'b': 1, 'a': [1, 2.5, none, true, "q\"\n\u00e9</x>"]} | tojson }} {{ {'b': 1, 'a': 2} | tojson(sort_keys=true) }} {{ [] | tojson(indent=2) }} {{ {} | tojson }} {{ 'é"\\' | tojson }} {{ [1e20, 0.1] | tojson }}
{{ {'a': [1, {'b': []}], 'c': {}} | tojson(indent=2) }}
{{ [{'r': 'a', 'v': 1}, {'r': 'b', 'v': 2}] | selectattr('r', 'equalto', 'a') | map(attribute='v') | list }} {{ [{'r': 'a'}, {}] | rejectattr('r', 'defined') | list }} {{ [1,2,3,4] | select('odd') | list }} {{ [1,2,3] | reject('eq', 2) | list }} {{ ['a','b'] | map('upper') | join }} {{ [0,1,''] | select | list }} {{ [{'a': {'b': 3}}] | map(attribute='a.b') | list }} {{ [{'a': 1}, {}] | map(attribute='a', default=9) | list }} {{ [{'t': true}, {'t': false}] | selectattr('t') | list | length }}
{{ 'a\nb\n\nc' | indent }}| {{ 'a\nb' | indent(2, true) }} {{ 'a\n\nb' | indent(1, blank=true) }} {{ 'a\nb' | indent(width='> ') }}
{{ '42' | int + 1 }} {{ 'x' | int }} {{ 'x' | int(7) }} {{ '3.7' | int }} {{ 3.9 | int }} {{ '1.5' | float }} {{ 2.567 | round(2) }} {{ 2.5 | round }} {{ 2.1 | round(0, 'ceil') }} {{ 5 | string ~ 'x' }} {{ true | int }} {{ -3 | abs }} {{ 'a b c' | wordcount }}
{{ {'a': 1, 'b': 2}.items() | list }} {{ {'a': 1}.keys() | list }} {{ {'a': 1}.values() | list }} {{ {'a': 1}.get('a') }} {{ {'a': 1}.get('z') }} {{ {'a': 1}.get('z', 5) }} {{ {'a': 1} | items | list }} {{ {'b': 1, 'a': 2} | dictsort }} {{ {'items': 1}['items'] }} {{ {'a': 1}.a }} {{ {'a': 1}.z }}| {{ {'a': {'b': 1}}['a'].b }}
{{ ' x '.strip() }}|{{ ' x '.lstrip() }}|{{ ' x '.rstrip() }}|{{ 'xyx'.strip('x') }} {{ 'a,b,c'.split(',') }} {{ 'a,b,c'.split(',', 1) }} {{ ' a  b '.split() }} {{ 'a b c'.split(' ')[-1] }} {{ 'abc'.startswith('ab') }} {{ 'abc'.endswith(('x', 'c')) }} {{ 'aBc'.upper() }} {{ 'aBc'.lower() }} {{ 'a'.join(['1', '2']) }} {{ 'hello'.find('l') }} {{ 'hello'.count('l') }} {{ 'a\nb\r\nc'.splitlines() }} {{ '12'.isdigit() }} {{ 'ab'.isalpha() }} {{ 'a.b.c'.rsplit('.', 1) }} {{ 'abc'.removeprefix('a') }} {{ 'abc'.removesuffix('c') }} {{ 'aXb'.capitalize() }} {{ '  a b '.split(None, 1) }} {{ 'x'.split(',') }} {{ ''.split(',') }} {{ ''.split() }} {{ 'a b c'.rfind(' ') }}
{% for i in [1,2,3] %}{{ i }}{% if not loop.last %},{% endif %}{% endfor %} {% for i in [] %}x{% else %}none{% endfor %} {% for i in range(5) if i % 2 %}{{ loop.index }}/{{ loop.length }}:{{ i }} {% endfor %}
{% for k, v in {'a': 1, 'b': 2}.items() %}{{ k }}={{ v }};{% endfor %} {% for k in {'a': 1} %}{{ k }}{% endfor %} {% for c in 'añ😀' %}[{{ c }}]{% endfor %} {% for a, b in [(1, 2), [3, 4]] %}{{ a }}{{ b }} {% endfor %} {% for (a, b) in [(1, 2)] %}{{ a + b }}{% endfor %}
{% for i in range(3) %}{{ loop.index }}{{ loop.index0 }}{{ loop.revindex }}{{ loop.revindex0 }}{{ loop.first }}{{ loop.last }}{{ loop.cycle('a', 'b') }}{{ loop.previtem }}{{ loop.nextitem }} {% endfor %} {% for i in [1,1,2] %}{{ loop.changed(i) }} {% endfor %} {% for i in [1] %}{% for j in [2] %}{{ loop.depth }}{{ loop.depth0 }}{% endfor %}{% endfor %}
{% for i in range(10) %}{% if i == 2 %}{% continue %}{% endif %}{% if i == 5 %}{% break %}{% endif %}{{ i }}{% endfor %} {% for i in range(1, 10, 3) %}{{ i }} {% endfor %}{% for i in range(3, 0, -1) %}{{ i }}{% endfor %}
{% set x = 1 %}{% for i in [1,2] %}{% set x = x + i %}{{ x }} {% endfor %}{{ x }} {% set ns = namespace(x=1, y='a') %}{% for i in [1,2] %}{% set ns.x = ns.x + i %}{% endfor %}{{ ns.x }}{{ ns.y }}{{ ns.z }} {% if true %}{% set x = 9 %}{% endif %}{{ x }}
{% set a, b = 1, 2 %}{{ a }}{{ b }} {% set c %}block {{ a }}{% endset %}{{ c }} {% set d | upper | trim %} up {% endset %}{{ d }}| {% set t = 1, 2 %}{{ t }} {% set e = dict(a=1, b='x') %}{{ e }}
{% macro m(a, b='B', c=none) %}<{{ a }}|{{ b }}|{{ c }}>{% endmacro %}{{ m(1) }}{{ m(1, 2) }}{{ m(1, c=3) }}{{ m() }}{{ m(b='x', a='y') | upper }}
{% macro f(n) %}{% if n > 1 %}{{ n }}.{{ f(n - 1) }}{% else %}1{% endif %}{% endmacro %}{{ f(5) }} {% set g = 'outer' %}{% macro h() %}{{ g }}{% endmacro %}{{ h() }} {% for i in [1,2] %}{% macro k() %}{{ i }}{% endmacro %}{{ k() }}{% endfor %}
a {{- ' b ' -}} c {%- if true -%} d {%- endif -%} e {#- comment -#} f {# x #} g
{% raw %}{{ not }} {% parsed %}{% endraw %} {{ '{{' }} {{ '%}' }} {{ {'a': {'b': 1}}['a']['b'] }} {{ {'a': {}} }}
{{ [1, 2,] }} {{ (1, 2) }} {{ {'a': 1,} }} {{ 1, 2 }} {{ ((1)) }} {{ [[1], [2]][1][0] }} {{ {1: 'one'}[1] }} {{ 'a' * 3 }} {{ [0] * 3 }} {{ [1] + [2] }} {{ -(-3) }} {{ +3 }} {{ - 2 ** 2 }} {{ 2 * -3 }}
{{ namespace({'a': 1}).a }} {{ [1,2,3].index(2) }} {{ [1,1].count(1) }} {{ "a" | e }} {{ "<a href='x'>&\"" | escape }} {{ 'x' | safe }} {{ x.y is defined and 1 if x is mapping else 'no' }} {{ messages is defined }} {{ loop is defined }}
{{ raise_exception('stop ' ~ 1) }}
{{ undef.x }}
{{ 1 + 'a' }}
{{ 'a' + none }}
{{ 1 / 0 }}
{{ none.x }}| {{ none.x.y }}
{{ undef() }}
{{ 'a' | nofilter }}
{{ 1 is notest }}
{{ [].append(1) }}
{{ none in 'abc' }}
{% for i in 5 %}{% endfor %}
{% for i in none %}{% endfor %}
{% if %}{% endif %}
{% if true %}
{{ 'abc }}
{{ 1 + }}
{% endfor %}
{% unknown %}
{{ (1 }}
{# never closed
{{ x
{{ [1, 2 }}
{{ messages.0 }}
""".strip("\n").split("\n")
BLOCKS = [
    "  {% if true %}\n  text\n  {% endif %}\nend\n",
    "{% for i in [1, 2] %}\n  {{ i }}\n{% endfor %}\n\n",
    "a\n  {%- if true %}\n b\n  {%- endif %}\n c",
    "a  {% if true %}b{% endif %}\nc",
    "\t{# gone #}\nx\n  {# gone #}  y\n",
    "{%+ if true %}  {%+ endif %}\nx",
    "  {%+ if true +%}\n  a\n  {% endif +%}\nb",
    "x\n\n   {{- 'y' -}}   \n\n z",
    "{% if true -%}\n\n   a   \n\n{%- endif %}\nb",
    "{% if a %}1{% elif b %}2{% elif true %}3{% else %}4{% endif %}",
    "{% raw -%}  {{ x }}  {%- endraw %}  y",
    "  {% raw %}\n {{ x }}\n  {% endraw %}\nz",
    "{{ 'a\nb' }}\n{{ 'c' }}\n\n",
    "line\r\n  {% if true %}\r\nx\r\n  {% endif %}\r\ny\r\n",
    "{% set x %}\n  a\n{% endset %}[{{ x }}]",
    "{% if true %}{% if false %}a{% else %}b{% endif %}{% endif %}  {% set y = 1 %}  {{ y }}",
    "\n\n{% if true %}\n\nx{% endif %}\n",
    "{%- macro a(x) %}\n  [{{ x }}]\n{%- endmacro %}\n{{ a(1) }}\n{{- a(2) }}",
    "{% for m in messages | default([]) %}{{ m }}{% else %}\n  nothing\n{% endfor %}",
    "{{- '' -}}\n  a",
    "{#- a -#}  \n {#+ b +#}\n c",
]

cases = []
templates = {}


def add(name, template, context):
    case = {"name": name, "template": templates.setdefault(template, len(templates)), "context": context}
    try:
        case["expected"] = env.from_string(template).render(**context)
    except Exception as e:  # which error is the renderer's own business, that there is one is not
        case["error"] = str(e) if type(e) is TemplateError else ""
    cases.append(case)


for name, template in REAL.items():
    for title, messages in CONVERSATIONS.items():
        for tools in (None, TOOLS):
            if tools and title not in ("one question", "tool call", "system", "empty"):
                continue
            for prompt in ((True, False) if not tools else (True,)):
                context = {"messages": messages, "tools": tools, "add_generation_prompt": prompt, "bos_token": "<s>", "eos_token": "</s>"}
                add(f"{name}: {title}{', tools' if tools else ''}{', prompt' if prompt else ''}", template, context)
add("llama-3.1: builtin tools", LLAMA31, {"messages": [U("q"), A("", tool_calls=[{"function": {"name": "search", "arguments": {"q": "x", "r": "y"}}}])], "builtin_tools": ["search", "code_interpreter"], "bos_token": "<s>", "add_generation_prompt": True})
add("llama-3.1: tools in system", LLAMA31, {"messages": [U("q")], "tools": TOOLS, "tools_in_user_message": False, "bos_token": "<s>", "add_generation_prompt": True})
add("qwen3: no thinking", QWEN3, {"messages": [U("q")], "enable_thinking": False, "add_generation_prompt": True})
add("qwen3: reasoning_content", QWEN3, {"messages": [U("q"), A("x", reasoning_content="r"), A("y")], "add_generation_prompt": False})
for i, template in enumerate(SMALL):
    add(f"line {i + 1}", template, {})
for i, template in enumerate(BLOCKS):
    add(f"block {i + 1}", template, {})
print('{"templates": [')
print(",\n".join(json.dumps(t, ensure_ascii=False) for t in templates))
print('], "cases": [')
print(",\n".join(json.dumps(c, ensure_ascii=False) for c in cases))
print("]}")
