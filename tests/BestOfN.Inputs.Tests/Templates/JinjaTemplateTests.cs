using System.Text.Json;
using BestOfN.Inputs.Templates.Jinja;
using BestOfN.Inputs.Tests.Tokenizers;

namespace BestOfN.Inputs.Tests.Templates;

public class JinjaTemplateTests
{
    private static readonly JsonElement s_golden = GoldenFile.Json("templates", "cases.json");

    [Fact]
    public void Renders_as_jinja2()
    {
        var failures = new List<string>();
        foreach (var c in s_golden.GetProperty("cases").EnumerateArray())
        {
            var source = s_golden.GetProperty("templates")[c.GetProperty("template").GetInt32()].GetString()!;
            var variables = ((JinjaDictionary)JinjaJson.Read(c.GetProperty("context"))!)
                .ToDictionary(p => (string)p.Key, p => p.Value);
            variables["strftime_now"] = (JinjaFunction)(_ => "26 Jul 2024");
            string? rendered = null, error = null;
            try
            {
                rendered = new JinjaTemplate(source, "t").Render(variables);
            }
            catch (ChatTemplateException e)
            {
                error = e.Reason;
            }

            var expected = c.TryGetProperty("expected", out var text) ? text.GetString() : null;
            if (rendered != expected || (error is not null && c.Text("error") is { Length: > 0 } words && error != words))
            {
                failures.Add(
                    $"{c.Text("name")}\n   expected {JsonSerializer.Serialize(expected)}\n "
                        + $"  rendered {JsonSerializer.Serialize(rendered)} {error}");
            }
        }

        Assert.True(failures.Count == 0, string.Join('\n', failures));
    }

    [Theory]   // expected texts are those of Jinja2
    [InlineData("{{ {'b': [1, '\u00E9\uD83D\uDE00\\x7f'], 'a': {}}|tojson(separators=(',', ':')) }}",
        "{\"b\":[1,\"\u00E9\uD83D\uDE00\u007F\"],\"a\":{}}")]
    [InlineData("{{ {'b': [1, '\u00E9\uD83D\uDE00\\x7f']}|tojson(ensure_ascii=true) }}",
        "{\"b\": [1, \"\\u00e9\\ud83d\\ude00\\u007f\"]}")]
    [InlineData("{{ {'b': [1, 2], 'a': 3}|tojson(indent=2, separators=(', ', '=')) }}",
        "{\n  \"b\"=[\n    1, \n    2\n  ], \n  \"a\"=3\n}")]
    [InlineData("{{ {'b': [1]}|tojson(indent=0) }}|{{ [1]|tojson(indent='--') }}|{{ [1]|tojson(true, 1) }}",
        "{\n\"b\": [\n1\n]\n}|[\n--1\n]|[\n 1\n]")]
    [InlineData("{{ {10: 1, 9: 2}|tojson(sort_keys=true) }}{{ {'\uD83D\uDE00': 1, '\\uffee': 2}|tojson(sort_keys=true) }}",
        "{\"9\": 2, \"10\": 1}{\"\uFFEE\": 2, \"\uD83D\uDE00\": 1}")]
    [InlineData("{{ 'stra\u00DFe \u0149 \uFB01 \u0390 \u0131 \u017F \u1FB3'|upper }}",
        "STRASSE \u02BCN FI \u0399\u0308\u0301 I S \u0391\u0399")]
    [InlineData(
        "{{ '\u0391\u03A3 \u0391\u03A3\u0391 \u03A3 \u0391\u03A3. \u0391.\u03A3 \u0130'|lower }}{{ '\u038C\u03A3\u039F\u03A3'.lower() }}",
        "\u03B1\u03C2 \u03B1\u03C3\u03B1 \u03C3 \u03B1\u03C2. \u03B1.\u03C2 i\u0307\u03CC\u03C3\u03BF\u03C2")]
    [InlineData(
        "{{ 'stra\u00DFe \uFB01 \u01C6 \u10D0 \u0390'.title() }}|{{ '\uFB01a \u0391\u03A3'.capitalize() "
            + "}}|{{ '\uFB01a \u0391\u03A3'|capitalize }}|{{ '\u00DFa-\uFB01b (\u0391\u03A3)'|title }}",
        "Stra\u00DFe Fi \u01C5 \u10D0 \u0399\u0308\u0301|Fia \u03B1\u03C2|Fia \u03B1\u03C2|SSa-FIb (\u0391\u03C3)")]
    [InlineData("{{ \"it's \u4E2Da \u24D0b x1y\".title() }}",
        "It'S \u4E2DA \u24B6b X1Y")]
    [InlineData(
        "{{ '\u00B2'.isdigit() }}{{ '\u00B2'.isdecimal() }}{{ '\u00BD'.isnumeric() }}{{ '\u00BD'.isdigit() }}{{ '\uD835\uDC9C'.isalpha() "
            + "}}{{ '\u00BD'.isalnum() }}{{ '\u24B6'.isupper() }}{{ '\u01C5'.isupper() }}{{ '1'.islower() }}{{ 'a1' is lower }}",
        "TrueFalseTrueFalseTrueTrueTrueFalseFalseTrue")]
    [InlineData(
        "{{ ['b', 'A', 'c']|max }}{{ ['b', 'A', 'c']|max(case_sensitive=true) }}{{ [{'a': 1}, {'a': 3}]|max(attribute='a') "
            + "}}{{ ['b', 'B', 'a']|unique|list }}{{ [{'a': 1, 'b': 2}, {'a': 1, 'b': 3}]|unique(attribute='a')|list }}",
        "cc{'a': 3}['b', 'a'][{'a': 1, 'b': 2}]")]
    [InlineData("{{ ['\uD83D\uDE00', '\\uffee']|sort }}{{ '\uD83D\uDE00' < '\\uffee' }}",
        "['\uFFEE', '\uD83D\uDE00']False")]
    public void Json_and_letter_case_are_those_of_python(string template, string expected) =>
        Assert.Equal(expected, new JinjaTemplate(template, "t").Render([]));

    [Theory]
    [InlineData("{{ 'a'|trim(strip='b') }}")]
    [InlineData("{{ [1]|tojson(indnt=2) }}")]
    [InlineData("{{ 'a'|upper(1) }}")]
    [InlineData("{{ ['a']|first(2) }}")]
    [InlineData("{{ 'abc'.find('c', 1) }}")]
    [InlineData("{{ 'abc'.startswith('b', 1) }}")]
    [InlineData("{{ 'a\\nb'.splitlines(true) }}")]
    [InlineData("{{ '7'|int(0, 16) }}")]
    [InlineData("{{ [1]|map('string', 3)|list }}")]
    [InlineData("{{ [1]|sum(begin=2) }}")]
    [InlineData("{{ {'a': 1}.get('a', 2, 3) }}")]
    [InlineData("{{ [1.5]|map('round', methd='ceil')|list }}")]
    [InlineData("{{ 1 is odd(2) }}")]
    [InlineData("{{ range(start=1) }}")]
    [InlineData("{{ [1]|tojson(separators=',') }}")]
    [InlineData("{{ [[1], [2]]|sort(attribute='0,1') }}")]
    public void An_argument_that_would_be_ignored_is_an_error(string template) =>
        Assert.Contains("t, line 1: ", Assert.Throws<ChatTemplateException>(() => new JinjaTemplate(template, "t").Render([])).Message,
            StringComparison.Ordinal);

    [Fact]
    public void An_error_names_template_line_and_reason()
    {
        var failing = new JinjaTemplate("a\n{{ 1 }}\n{% if true %}\n  {{ none.x.y }}\n{% endif %}", "demo");
        var e = Assert.Throws<ChatTemplateException>(() => failing.Render([]));
        Assert.Equal(("demo", 4, "none has no 'x'"), (e.Template, e.Line, e.Reason));

        e = Assert.Throws<ChatTemplateException>(() => new JinjaTemplate("x\n\n{% nonsense %}", "demo"));
        Assert.Equal(("demo", 3), (e.Template, e.Line));

        e = Assert.Throws<ChatTemplateException>(() => new JinjaTemplate("{{ raise_exception('no') }}", "demo").Render([]));
        Assert.Equal("demo, line 1: no", e.Message);
    }

    [Theory]
    [InlineData("{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}", "steps")]
    [InlineData("{{ range(1000000000) }}", "steps")]
    [InlineData("{{ 'x' * 1000000000 }}", "too long")]
    [InlineData("{{ [0] * 1000000000 }}", "steps")]
    [InlineData("{% set n = namespace(s='x') %}{% for i in range(100) %}{% set n.s = n.s ~ n.s %}{% endfor %}", "too long")]
    [InlineData("{% set n = namespace(s='x') %}{% for i in range(100) %}{% set n.s = n.s.replace('x', 'xx') %}{% endfor %}", "steps")]
    [InlineData("{% set n = namespace(l=[1]) %}{% for i in range(100) %}{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l }}", "too long")]
    [InlineData("{% set n = namespace(l=[1]) %}{% for i in range(100) %}{% set n.l = [n.l, n.l] %}{% endfor %}{{ n.l | tojson }}", "steps")]
    [InlineData("{% set n = namespace(l=[1]) %}{% for i in range(10000) %}{% set n.l = [n.l] %}{% endfor %}{{ n.l }}", "deeply")]
    [InlineData(
        "{% set n = namespace(l=[1], m=[1]) %}{% for i in range(10000) %}{% set n.l = "
            + "[n.l] %}{% set n.m = [n.m] %}{% endfor %}{{ n.l == n.m }}", "deeply")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "deeply")]
    [InlineData("{% for i in range(1000000) %}aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa{% endfor %}", "too long")]
    [InlineData("{{ 9223372036854775807 + 1 }}", "too large")]
    [InlineData("{{ 2 ** 64 }}", "too large")]
    public void A_hostile_template_ends_in_an_error(string source, string reason) =>
        Assert.Contains(reason, Assert.Throws<ChatTemplateException>(() => new JinjaTemplate(source, "t").Render([])).Reason);

    [Theory]
    [InlineData(
        "{{ (',' * 300000).rsplit(',', 300000) | length }}{% for i in range(1000) "
            + "%}{% set q = (',' * 300000).rsplit(',', 300000) %}{% endfor %}")]
    [InlineData("{{ ([s] * 3000) | sort | length }}")]
    [InlineData(
        "{% set ns = namespace(l=[]) %}{% for i in range(1000) %}{% set ns.l = ns.l + [s ~ i] %}{% endfor %}{{ ns.l | unique | length }}")]
    [InlineData("{% set c = 'b' * 2000000 ~ 'a' %}{% for i in range(1000) %}{% set q = s.strip(c) %}{% endfor %}")]
    [InlineData("{% for i in range(30000) %}{% set q = s | length %}{% endfor %}")]
    [InlineData("{% for i in range(30000) %}{% set q = s | wordcount %}{% endfor %}")]
    [InlineData("{% for i in range(30000) %}{% set q = ('9' * 1000000) | int %}{% endfor %}")]
    [InlineData("{% for i in range(30000) %}{% set q = s | float %}{% endfor %}")]
    [InlineData("{% for i in range(30000) %}{% set q = s is lower %}{% endfor %}")]
    [InlineData("{% for i in range(30000) %}{% set q = s is sameas(t) %}{% endfor %}")]
    [InlineData("{% for i in range(30000) %}{% set q = s == t %}{% endfor %}")]
    [InlineData("{% for i in range(30000) %}{% set q = s < t %}{% endfor %}")]
    [InlineData("{% for i in range(30000) %}{% set q = [s] == [t] %}{% endfor %}")]
    [InlineData("{% for i in range(30000) %}{% set q = t in s %}{% endfor %}")]
    [InlineData("{% for i in range(30000) %}{% set q = s[500000] %}{% endfor %}")]
    [InlineData("{% for i in range(30000) %}{% set q = s[:3] %}{% endfor %}")]
    [InlineData("{% for i in range(30000) %}{% set q = s | first %}{% endfor %}")]
    [InlineData("{% for i in range(30000) %}{% set q = s.startswith(t) %}{% endfor %}")]
    [InlineData("{% for i in range(30000) %}{% set q = 'a'.startswith((t, t)) %}{% endfor %}")]
    [InlineData(
        "{% set h = 'ac' * 300000 %}{% set p = 'ac' * 10000 ~ 'ad' ~ 'ac' * 10000 "
            + "%}{% for i in range(30000) %}{% set q = h.find(p) %}{% endfor %}")]
    [InlineData(
        "{% set h = 'ac' * 300000 %}{% set p = 'ac' * 10000 ~ 'ad' ~ 'ac' * 10000 %}{% "
            + "for i in range(30000) %}{% set q = h.replace(p, '') %}{% endfor %}")]
    [InlineData("{% for i in range(30000) %}{% set q = {}[s] %}{% endfor %}")]
    [InlineData("{% for i in range(30000) %}{% set q = s in {} %}{% endfor %}")]
    [InlineData("{% for i in range(30000) %}{% set q = {}.get(s) %}{% endfor %}")]
    [InlineData("{% for i in range(30000) %}{% set q = [{}] | map(attribute=s) | list %}{% endfor %}")]
    [InlineData("{% for i in range(30000) %}{% set q = [{}] | selectattr(s) | list %}{% endfor %}")]
    [InlineData(
        "{% set n = namespace(d=dict(a=1)) %}{% set d = range(200000) | list %}{% for i in range(30000) %}{% set q = d + d %}{% endfor %}")]
    [InlineData("{% for i in range(1000000) %}{% set q = 1.1 | string %}{% endfor %}")]
    [InlineData("{% for i in range(1000000) %}{% set q = 1.1 | tojson %}{% endfor %}")]
    [InlineData("{% set d = {s: 1, t: 2, s ~ 'c': 3} %}{% for i in range(30000) %}{% set q = d | tojson(sort_keys=true) %}{% endfor %}")]
    [InlineData("{% for i in range(30000) %}{% set q = ('\\n' * 1000000) | indent %}{% endfor %}")]
    [InlineData("{% for i in range(30000) %}{% set q = ('\\n' * 1000000).splitlines() %}{% endfor %}")]
    public async Task Work_on_long_texts_that_makes_nothing_ends_in_an_error(string source)
    {
        var rendering = Task.Run(() => new JinjaTemplate("{% set s = 'A' * 1000000 %}{% set t = 'A' * 999999 ~ 'b' %}" + source, "t")
            .Render([]), TestContext.Current.CancellationToken);
        var error = await Assert.ThrowsAsync<ChatTemplateException>(
            () => rendering.WaitAsync(TimeSpan.FromMinutes(2), TestContext.Current.CancellationToken));
        Assert.Contains("steps", error.Reason, StringComparison.Ordinal);
    }

    [Fact]
    public void A_template_of_many_short_texts_is_read_at_once_and_a_longer_one_is_refused()
    {
        var parts = string.Concat(Enumerable.Repeat("'a' ", 250_000));
        Assert.Equal("250000", new JinjaTemplate("{{ (" + parts + ") | length }}", "t").Render([]));
        Assert.Contains(
            "at most 1048576", Assert.Throws<ChatTemplateException>(() => new JinjaTemplate("{{ " + parts + parts + " }}", "t")).Reason);
        Assert.Contains("name is too long",
            Assert.Throws<ChatTemplateException>(() => new JinjaTemplate("{{ " + new string('a', 1001) + " }}", "t")).Reason);
    }

    [Fact]
    public void An_empty_text_repeated_without_end_is_empty_at_once() =>
        Assert.Equal("", new JinjaTemplate("{% for i in range(10000) %}{{ '' * 2147483647 }}{% endfor %}", "t").Render([]));

    [Fact]
    public void Characters_are_found_by_place_as_in_python() => Assert.Equal(
        "a😀c c a ||a,b|c",
        new JinjaTemplate(
            "{% set s = 'a😀c' %}{{ s[0] ~ s[1] ~ s[2] }} {{ s[-1] }} {{ s[-3] }} {{ s[3] }}|{{ "
                + "s[-4] }}|{{ 'a,b,c'.rsplit(',', 1) | join('|') }}", "t").Render([]));

    [Theory]
    [InlineData("(")]
    [InlineData("[")]
    [InlineData("-")]
    [InlineData("not ")]
    [InlineData("x if ")]
    [InlineData("{% if 1 %}")]
    public void A_template_nested_without_end_is_refused(string opening)
    {
        var nested = string.Concat(Enumerable.Repeat(opening, 100_000));
        var source = opening.StartsWith("{%", StringComparison.Ordinal) ? nested : $"{{{{ {nested}";
        Assert.Throws<ChatTemplateException>(() => new JinjaTemplate(source, "t"));
    }

    [Fact]
    public void A_long_chain_of_operators_is_refused_and_not_a_stack_overflow() =>
        Assert.Throws<ChatTemplateException>(
            () => new JinjaTemplate("{{ 1" + string.Concat(Enumerable.Repeat("+1", 100_000)) + " }}", "t").Render([]));

    [Theory]
    [InlineData("{{ ''.__class__ }}|", "|")]
    [InlineData("{{ messages.GetType }}|{{ messages['Count'] }}|", "||")]
    public void Nothing_of_the_process_can_be_reached(string source, string expected) =>
        Assert.Equal(expected, new JinjaTemplate(source, "t").Render([new("messages", new List<object?>())]));

    [Fact]
    public void Any_damage_to_a_template_is_an_error_of_the_template()
    {
        var random = new Random(5);
        var context = ((JinjaDictionary)JinjaJson.Read(s_golden.GetProperty("cases")[4].GetProperty("context"))!)
            .ToDictionary(p => (string)p.Key, p => p.Value);
        foreach (var source in s_golden.GetProperty("templates").EnumerateArray().Select(t => t.GetString()!))
        {
            for (var round = 0; round < 20; round++)
            {
                var (at, length) = (random.Next(source.Length), random.Next(6));
                var damaged = source.Remove(at, Math.Min(length, source.Length - at))
                    .Insert(at, "{}%|('\"-.[ \n"[random.Next(12)].ToString());
                try
                {
                    new JinjaTemplate(damaged, "t").Render(context);
                }
                catch (ChatTemplateException)
                {
                }
            }
        }
    }
}
