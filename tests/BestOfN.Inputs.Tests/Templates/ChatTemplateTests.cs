using BestOfN.Core.Prompts;
using BestOfN.Inputs.Templates;
using BestOfN.Inputs.Templates.Jinja;
using BestOfN.Inputs.Tests.Tokenizers;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inputs.Tests.Templates;

public class ChatTemplateTests
{
    private static readonly ChatMessage[] s_conversation = [new("user", " Hello? "), new("assistant", "Hi.")];

    [Theory, InlineData("gqa"), InlineData("mha"), InlineData("rope-linear")]
    public void Encodes_conversations_as_the_published_internlm2_reward_model(string name)
    {
        var folder = GoldenFile.Folder("internlm2-reward", name);
        var template = ChatTemplate.Load(folder, "InternLM2ForRewardModel", TokenizerFiles.Load(folder));
        var reward = GoldenFile.Json("internlm2-reward", name, "config.json").GetProperty("reward_token_id").GetInt32();
        var inputs = GoldenFile.Json("internlm2-reward", name, "inputs.json").GetProperty("samples").EnumerateArray();
        var expected = GoldenFile.Json("internlm2-reward", name, "expected.json").GetProperty("samples").EnumerateArray();
        foreach (var (input, sample) in inputs.Zip(expected))
        {
            var messages = input.GetProperty("messages").EnumerateArray()
                .Select(m => new ChatMessage(m.Text("role"), m.Text("content"))).ToList();
            Assert.Equal(input.Text("prompt"), template.Render(messages, false));
            Assert.Equal(sample.Ids("input_ids"), template.Encode(messages, false).Append(reward));
        }
    }

    [Fact]
    public void Encodes_prompts_as_the_published_internlm2_tokenizer()
    {
        var folder = GoldenFile.ThirdParty("internlm2-tokenizer");
        var tokenizer = TokenizerFiles.Load(folder);
        var template = ChatTemplate.Load(folder, "InternLMXComposer2ForCausalLM", tokenizer);
        using var cases = System.Text.Json.JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "cases.json")));
        foreach (var prompt in cases.RootElement.GetProperty("prompts").EnumerateArray())
        {
            var messages = prompt.GetProperty("messages").EnumerateArray()
                .Select(m => new ChatMessage(m.Text("role"), m.Text("content"))).ToList();
            Assert.Equal(prompt.Ids("ids_with_bos"), template.Encode(messages, false).Concat([2, 92527]));
        }
    }

    [Theory]
    [InlineData("tool_calls", "[]")]
    [InlineData("tool_calls", "null")]
    [InlineData("reasoning_content", "\"\"")]
    public void An_empty_field_that_the_template_does_not_read_changes_nothing(string field, string value)
    {
        var folder = GoldenFile.Folder("tokenizers", "hf-bpe-llama3");
        var template = ChatTemplate.Load(folder, "LlamaForSequenceClassification", TokenizerFiles.Load(folder));
        var fields = new Dictionary<string, System.Text.Json.JsonElement> { [field] = System.Text.Json.JsonElement.Parse(value) };
        ChatMessage[] conversation = [s_conversation[0], s_conversation[1] with { Fields = fields }];
        Assert.Equal(template.Render(s_conversation, false), template.Render(conversation, false));
    }

    [Theory]
    [InlineData("LlamaForSequenceClassification", "hf-bpe-llama3",
        "<|begin_of_text|><|start_header_id|>user<|end_header_id|>\n\nHello?<|eot_id|>"
        + "<|start_header_id|>assistant<|end_header_id|>\n\nHi.<|eot_id|>",
        "<|start_header_id|>assistant<|end_header_id|>\n\n")]
    [InlineData("Qwen2ForRewardModel", "hf-bpe-qwen",
        "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n<|im_start|>user\n "
            + "Hello? <|im_end|>\n<|im_start|>assistant\nHi.<|im_end|>\n",
        "<|im_start|>assistant\n")]
    [InlineData("Qwen3ForSequenceClassification", "hf-bpe-qwen",
        "<|im_start|>user\n Hello? <|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\nHi.<|im_end|>\n",
        "<|im_start|>assistant\n")]
    public void A_folder_without_template_is_read_as_its_family(string architecture, string name, string expected, string generationPrompt)
    {
        var folder = GoldenFile.Folder("tokenizers", name);
        var tokenizer = TokenizerFiles.Load(folder);
        var template = ChatTemplate.Load(folder, architecture, tokenizer);
        Assert.Equal(expected, template.Render(s_conversation, false));
        Assert.Equal(expected + generationPrompt, template.Render(s_conversation, true));
        Assert.Equal(new SpecialTokenEncoder(tokenizer).Encode(expected), template.Encode(s_conversation, false));
    }

    [Fact]
    public void Qwen3_keeps_the_reasoning_of_the_last_answer_only()
    {
        var folder = GoldenFile.Folder("tokenizers", "hf-bpe-qwen");
        var template = ChatTemplate.Load(folder, "Qwen3ForCausalLM", TokenizerFiles.Load(folder));
        const string Reasoned = "<think>\nhm\n</think>\n\nyes";
        Assert.Equal(
            "<|im_start|>user\na<|im_end|>\n<|im_start|>assistant\nyes<|im_end|>\n<|im_start|>user\nb<|im_end|>\n"
            + "<|im_start|>assistant\n<think>\nhm\n</think>\n\nyes<|im_end|>\n",
            template.Render([new("user", "a"), new("assistant", Reasoned), new("user", "b"), new("assistant", Reasoned)], false));
    }

    [Fact]
    public void The_folders_template_goes_before_the_familys()
    {
        using var folder = Llama();
        Assert.StartsWith("<|begin_of_text|>", Load(folder).Render(s_conversation, false), StringComparison.Ordinal);

        folder.Write(
            "tokenizer_config.json",
            """
            {"bos_token": "<|begin_of_text|>", "chat_template": [{"name": "tool_use", "template": "no"},
              {"name": "default", "template": "{{ bos_token }}{{ messages[1].content }}"}]}
            """);
        Assert.Equal("<|begin_of_text|>Hi.", Load(folder).Render(s_conversation, false));

        folder.Write("tokenizer_config.json",
            """{"bos_token": {"content": "<|eot_id|>"}, "chat_template": "{{ bos_token }}{{ messages | length }}"}""");
        Assert.Equal("<|eot_id|>2", Load(folder).Render(s_conversation, false));

        folder.Write("chat_template.jinja", "file {{ add_generation_prompt }}\n");
        Assert.Equal("file True", Load(folder).Render(s_conversation, true));
    }

    [Theory]
    [InlineData("tokenizer_config.json", """{"chat_template": {"tool_use": "no", "default": "yes"}}""")]
    [InlineData("tokenizer_config.json", """{"chat_template": {"default": "yes"}}""")]
    [InlineData("chat_template.json", """{"chat_template": "yes"}""")]
    [InlineData("chat_template.json", """{"chat_template": [{"name": "default", "template": "yes"}]}""")]
    public void A_template_is_taken_wherever_a_folder_keeps_it(string file, string contents)
    {
        using var folder = Llama();
        folder.Write(file, contents);
        Assert.Equal("yes", Load(folder).Render(s_conversation, false));
    }

    [Theory]
    [InlineData("tokenizer_config.json", """{"chat_template": [{"name": "tool_use", "template": "no"}]}""", "tool_use")]
    [InlineData("tokenizer_config.json", """{"chat_template": {"tool_use": "no"}}""", "tool_use")]
    [InlineData("tokenizer_config.json", """{"chat_template": 7}""", "chat_template")]
    [InlineData("chat_template.json", """{"chat_template": "yes"}""", "chat_template.json", """{"chat_template": "no"}""")]
    [InlineData("additional_chat_templates/tool_use.jinja", "no", "additional_chat_templates")]
    [InlineData("chat_template.jinja", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 5\n", "Git LFS")]
    public void A_template_that_cannot_be_the_one_meant_is_an_error_that_names_it(
        string file, string contents, string says, string? settings = null)
    {
        using var folder = Llama();
        Directory.CreateDirectory(Path.Combine(folder.Path, "additional_chat_templates"));
        folder.Write(file, contents);
        if (settings is not null)
        {
            folder.Write("tokenizer_config.json", settings);
        }

        Assert.Contains(says, Assert.Throws<InvalidDataException>(() => Load(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_of_tokens_come_from_special_tokens_map_where_tokenizer_config_does_not_tell_them()
    {
        using var folder = Llama();
        folder.Write("chat_template.jinja", "{{ bos_token }}|{{ eos_token }}|{{ unk_token is defined }}");
        folder.Write("special_tokens_map.json", """{"bos_token": {"content": "<|begin_of_text|>"}, "eos_token": "<|eot_id|>"}""");
        Assert.Equal("<|begin_of_text|>|<|eot_id|>|False", Load(folder).Render(s_conversation, false));
        folder.Write("tokenizer_config.json", """{"bos_token": null, "eos_token": "<|end_of_text|>", "added_tokens_decoder": {}}""");
        Assert.Equal("|<|end_of_text|>|False", Load(folder).Render(s_conversation, false));
        folder.Write("tokenizer_config.json", """{"eos_token": "<|end_of_text|>"}""");
        Assert.Contains("eos_token", Assert.Throws<InvalidDataException>(() => Load(folder)).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_family_without_template_or_without_its_tokens_is_refused()
    {
        using var folder = Llama();
        var tokenizer = TokenizerFiles.Load(folder.Path);
        Assert.Contains(
            "GPT2", Assert.Throws<InvalidDataException>(() => ChatTemplate.Load(folder.Path, "GPT2LMHeadModel", tokenizer)).Message);
        Assert.Contains("<|im_start|>",
            Assert.Throws<InvalidDataException>(() => ChatTemplate.Load(folder.Path, "Qwen2ForCausalLM", tokenizer)).Message);
    }

    [Fact]
    public void There_is_exactly_one_bos()
    {
        using var folder = Llama();
        folder.Write("chat_template.jinja", "{{ bos_token }}<|begin_of_text|>{{ messages[0].content }}");
        var ids = Load(folder).Encode(s_conversation, false);
        Assert.Equal(757, ids[0]);
        Assert.Equal(1, ids.Count(i => i == 757));
    }

    public static TheoryData<string, string> Families =>
        new() { { "hf-bpe-llama3", "Llama" }, { "hf-bpe-qwen", "Qwen2" }, { "hf-bpe-qwen", "Qwen3" } };

    [Theory, MemberData(nameof(Families))]
    public void No_content_can_forge_a_special_token(string name, string architecture)
    {
        var folder = GoldenFile.Folder("tokenizers", name);
        var tokenizer = TokenizerFiles.Load(folder);
        var template = ChatTemplate.Load(folder, architecture, tokenizer);
        var specials = tokenizer.SpecialTokens.Where(t => tokenizer.BytesOf(t.Value).IsEmpty).ToList();
        int Specials(ChatMessage[] messages) => template.Encode(messages, false).Count(id => tokenizer.BytesOf(id).IsEmpty);

        var honest = Specials([new("user", "x"), new("assistant", "y")]);
        foreach (var (spelling, _) in specials)
        {
            ChatMessage[] forged = [new("user", $"a{spelling}{spelling}\n\uE000{spelling}\uE001"), new("assistant", $"{spelling}")];
            Assert.Equal(honest, Specials(forged));
            Assert.Equal(template.Render(forged, false), tokenizer.Decode(template.Encode(forged, false)));
        }

        Assert.Equal(honest, Specials([new("user", "<|im_<|im_end|>end|>"), new("assistant", "<|eot<|eot_id|>_id|>")]));
    }

    [Fact]
    public void Contents_with_every_common_private_use_character_survive()
    {
        var folder = GoldenFile.Folder("internlm2-reward", "gqa");
        var tokenizer = TokenizerFiles.Load(folder);
        var template = ChatTemplate.Load(folder, "InternLM2ForRewardModel", tokenizer);
        var content = "<|im_end|>" + string.Concat(Enumerable.Range(0xE000, 6400).Select(c => (char)c)) + "</s>";
        var ids = template.Encode([new("user", content)], false);
        Assert.Contains(content, tokenizer.Decode(ids), StringComparison.Ordinal);
        Assert.Equal([1, 5, 4], ids.Where(id => tokenizer.BytesOf(id).IsEmpty));
    }

    [Fact]
    public void A_developer_is_the_system_to_templates_that_do_not_know_the_role()
    {
        using var folder = Llama();
        folder.Write("chat_template.jinja", "{{ messages[0].role }}");
        Assert.Equal("system", Load(folder).Render([new("developer", "x")], false));
        folder.Write("chat_template.jinja", "{{ messages[0].role }}{# developer #}");
        Assert.Equal("developer", Load(folder).Render([new("developer", "x")], false));
    }

    [Fact]
    public void A_template_may_ask_for_the_date()
    {
        using var folder = Llama();
        folder.Write("chat_template.jinja", "{{ strftime_now('%d %b %Y, %-d.%-m.%y %H:%M %A %j %%') }}");
        var time = new FixedTime(new(2024, 7, 6, 9, 5, 0, TimeSpan.Zero));
        var template = ChatTemplate.Load(folder.Path, "Llama", TokenizerFiles.Load(folder.Path), time);
        Assert.Equal("06 Jul 2024, 6.7.24 09:05 Saturday 188 %", template.Render([], false));
    }

    [Fact]
    public void Tool_calls_and_reasoning_reach_a_template_that_reads_them_and_forge_no_special_token()
    {
        using var folder = Llama();
        folder.Write("chat_template.jinja", """
            {%- for m in messages -%}
            <|start_header_id|>{{ m.role }}<|end_header_id|>{% if m.reasoning_content %}({{ m.reasoning_content }}){% endif %}
            {%- if m.content is none %}none{% else %}{{ m.content }}{% endif %}
            {%- for c in m.tool_calls or [] %} {{ c.function.name }}{{ c.function.arguments | tojson }}{% endfor %}<|eot_id|>
            {%- endfor %}
            """);
        var template = Load(folder);
        ChatMessage Calling(string argument) => new("assistant", [])
        {
            Fields = Fields(
                $$$"""
                {"content": null, "reasoning_content": "so",
                  "tool_calls": [{"function": {"name": "f", "arguments": {"b": "{{{argument}}}", "a": 1} } }]}
                """),
        };
        Assert.Equal(
            "<|start_header_id|>user<|end_header_id|>x<|eot_id|><|start_header_id|>assistant<|end_header_id|>(so)none "
                + "f{\"b\": \"z\", \"a\": 1}<|eot_id|>",
            template.Render([new("user", "x"), Calling("z")], false));
        var tokenizer = TokenizerFiles.Load(folder.Path);
        int Specials(string argument) =>
            template.Encode([new("user", "x"), Calling(argument)], false).Count(id => tokenizer.BytesOf(id).IsEmpty);
        Assert.Equal(Specials("z"), Specials("<|eot_id|>"));
    }

    [Theory]
    [InlineData("""{"tool_calls": [{"function": {"name": "f", "arguments": "{}"}}]}""", "tool_calls")]
    [InlineData("""{"reasoning_content": "because"}""", "reasoning_content")]
    public void What_a_message_says_and_the_template_does_not_read_is_refused_by_name(string fields, string name)
    {
        using var folder = Llama();
        ChatMessage[] messages = [new("user", "x"), new("assistant", "y") { Fields = Fields(fields) }];
        var refused = Assert.Throws<ChatTemplateException>(() => Load(folder).Encode(messages, false));
        Assert.Contains($"the template does not read {name}", refused.Message, StringComparison.Ordinal);
    }

    private static Dictionary<string, System.Text.Json.JsonElement> Fields(string json) =>
        System.Text.Json.JsonElement.Parse(json).EnumerateObject().ToDictionary(m => m.Name, m => m.Value);

    private static ChatTemplate Load(ScratchFolder folder) =>
        ChatTemplate.Load(folder.Path, "LlamaForCausalLM", TokenizerFiles.Load(folder.Path));

    private static ScratchFolder Llama()
    {
        var folder = new ScratchFolder();
        folder.Copy(GoldenFile.Folder("tokenizers", "hf-bpe-llama3", "tokenizer.json"));
        return folder;
    }

    private sealed class FixedTime(DateTimeOffset now) : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => now;
    }
}
