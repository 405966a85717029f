using BestOfN.Core.Prompts;
using BestOfN.Models.Tokenizers;

namespace BestOfN.Models.Templates;

/// <summary>The built-in forms, for folders that bring no template.</summary>
internal sealed class FamilyTemplate : ChatTemplate
{
    private readonly Func<IReadOnlyList<ChatMessage>, bool, IEnumerable<TemplateSegment>> _render;

    private FamilyTemplate(ITokenizer tokenizer, Func<IReadOnlyList<ChatMessage>, bool, IEnumerable<TemplateSegment>> render) : base(tokenizer) => _render = render;

    /// <summary>Null where no family's architectures begin like this one.</summary>
    public static FamilyTemplate? Of(string architecture, ITokenizer tokenizer)
    {
        var family = new[] { "InternLM", "Llama", "Qwen3", "Qwen2" }.FirstOrDefault(f => architecture.StartsWith(f, StringComparison.Ordinal));
        return family switch
        {
            "InternLM" => new(tokenizer, (m, g) => ChatMl(m, g, tokenizer)),
            "Llama" => new(tokenizer, Llama3),
            "Qwen2" => new(tokenizer, (m, g) => Qwen2(m, g)),
            "Qwen3" => new(tokenizer, Qwen3),
            _ => null,
        };
    }

    protected override IEnumerable<TemplateSegment> Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt) => _render(messages, addGenerationPrompt);

    private static TemplateSegment Special(string spelling) => new(spelling, true);

    private static TemplateSegment Text(string text) => new(text, false);

    // InternLM2 also stores the same tokens under older spellings.
    private static IEnumerable<TemplateSegment> ChatMl(IReadOnlyList<ChatMessage> messages, bool generate, ITokenizer tokenizer)
    {
        var named = tokenizer.SpecialTokens.ContainsKey("<|im_start|>");
        var (start, end) = named ? ("<|im_start|>", "<|im_end|>") : ("[UNUSED_TOKEN_146]", "[UNUSED_TOKEN_145]");
        return Turns(messages, generate, start, end, "<s>");
    }

    private static IEnumerable<TemplateSegment> Turns(
        IReadOnlyList<ChatMessage> messages, bool generate, string start = "<|im_start|>", string end = "<|im_end|>", string? bos = null)
    {
        if (bos is not null)
        {
            yield return Special(bos);
        }

        foreach (var message in messages)
        {
            yield return Special(start);
            yield return Text($"{message.Role}\n{message.Text}");
            yield return Special(end);
            yield return Text("\n");
        }

        if (generate)
        {
            yield return Special(start);
            yield return Text("assistant\n");
        }
    }

    private static IEnumerable<TemplateSegment> Qwen2(IReadOnlyList<ChatMessage> messages, bool generate) => Turns(
        messages.Count > 0 && messages[0].Role == "system" ? messages
            : [new ChatMessage("system", "You are Qwen, created by Alibaba Cloud. You are a helpful assistant."), .. messages],
        generate);

    // Reasoning of earlier turns is dropped; the last answer gets an empty one if it has none.
    private static IEnumerable<TemplateSegment> Qwen3(IReadOnlyList<ChatMessage> messages, bool generate)
    {
        const string Close = "</think>";
        var lastQuery = messages.Select((m, i) => (m, i)).LastOrDefault(p => p.m.Role == "user").i;
        return Turns(
            [.. messages.Select((m, i) =>
            {
                if (m.Role != "assistant")
                {
                    return m;
                }

                var text = m.Text;
                var at = text.LastIndexOf(Close, StringComparison.Ordinal);
                var (reasoning, answer) = at < 0 ? ("", text) : (text[..at].Replace("<think>", "", StringComparison.Ordinal).Trim('\n'), text[(at + Close.Length)..].TrimStart('\n'));
                return new ChatMessage(m.Role, i > lastQuery && i == messages.Count - 1 ? $"<think>\n{reasoning}\n</think>\n\n{answer}" : answer);
            })],
            generate);
    }

    private static IEnumerable<TemplateSegment> Llama3(IReadOnlyList<ChatMessage> messages, bool generate)
    {
        yield return Special("<|begin_of_text|>");
        foreach (var message in messages)
        {
            yield return Special("<|start_header_id|>");
            yield return Text(message.Role);
            yield return Special("<|end_header_id|>");
            yield return Text("\n\n" + message.Text.Trim());
            yield return Special("<|eot_id|>");
        }

        if (generate)
        {
            yield return Special("<|start_header_id|>");
            yield return Text("assistant");
            yield return Special("<|end_header_id|>");
            yield return Text("\n\n");
        }
    }
}
