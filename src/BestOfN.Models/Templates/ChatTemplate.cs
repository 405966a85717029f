using System.Text;
using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Models.Templates.Jinja;
using BestOfN.Models.Tokenizers;

namespace BestOfN.Models.Templates;

/// <summary>Turns a conversation into the token ids a model was trained to read. Thread-safe.</summary>
/// <remarks>
/// Only the template can write special tokens: their spelling in a role or content stays text. Ids are those
/// of the rendered text with the spellings of special tokens read as tokens and nothing added, so BOS is there exactly once if
/// the template writes it, as the published ones of families with BOS do. A <c>developer</c> message is shown as <c>system</c> to
/// templates that do not know the role.
/// </remarks>
public sealed class ChatTemplate
{
    private static readonly Rune[] s_privateUse = [new(0xE000), new(0xF0000), new(0x100000)];

    private readonly JinjaTemplate _template;
    private readonly string _source;
    private readonly SpecialTokenEncoder _encoder;
    private readonly int? _bos;
    private readonly Dictionary<string, object?> _variables;

    private ChatTemplate(string source, string name, ITokenizer tokenizer, Dictionary<string, object?> specialTokens, TimeProvider time)
    {
        _source = source;
        Origin = name;
        _template = new(source, name);
        _encoder = new(tokenizer);
        _bos = tokenizer.BosId;
        _variables = new(specialTokens)
        {
            ["tools"] = null,
            ["documents"] = null,
            ["strftime_now"] = (JinjaFunction)(a => StrfTime.Format(time.GetLocalNow(), a.Text(0, "format", null) ?? "%Y-%m-%d")),
        };
    }

    /// <summary>Where the template comes from: a file, or the one built in for a family.</summary>
    public string Origin { get; }

    /// <summary>
    /// The folder's template (<c>chat_template.jinja</c>, else <c>chat_template</c> in <c>tokenizer_config.json</c>), else the
    /// one of the architecture's family: InternLM2, Llama 3, Qwen2, Qwen3.
    /// </summary>
    /// <param name="time">Clock of templates that write today's date; the system's by default.</param>
    /// <exception cref="ChatTemplateException">The template can not be read.</exception>
    /// <exception cref="InvalidDataException">There is none, and none of a family fits.</exception>
    public static ChatTemplate Load(string folder, string architecture, ITokenizer tokenizer, TimeProvider? time = null)
    {
        var specialTokens = SpecialTokens(folder, tokenizer);
        var (source, name) = FolderTemplate(folder) ?? FamilyTemplate(folder, architecture, tokenizer);
        return new(source, name, tokenizer, specialTokens, time ?? TimeProvider.System);
    }

    /// <summary>The conversation as ids.</summary>
    /// <exception cref="ChatTemplateException">The template refuses the conversation, for example its order of roles.</exception>
    public IReadOnlyList<int> Encode(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        var mark = UnusedMark(messages);
        var ids = _encoder.Encode(Render(messages, addGenerationPrompt, mark), mark);
        var repeated = 0;
        while (repeated + 1 < ids.Count && ids[repeated] == _bos && ids[repeated + 1] == _bos)
        {
            repeated++;
        }

        return repeated == 0 ? ids : [.. ids.Skip(repeated)];
    }

    /// <summary>The conversation as text, for inspection: in it special tokens and their spelling in contents look alike.</summary>
    public string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        var mark = UnusedMark(messages);
        return Render(messages, addGenerationPrompt, mark).Replace(mark, "", StringComparison.Ordinal);
    }

    private string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, string mark)
    {
        var knowsDeveloper = _source.Contains("developer", StringComparison.Ordinal);
        var shown = new List<object?>();
        foreach (var message in messages)
        {
            shown.Add(new JinjaDictionary
            {
                ["role"] = message.Role == "developer" && !knowsDeveloper ? "system" : _encoder.Mark(message.Role, mark),
                ["content"] = _encoder.Mark(message.Text, mark),
            });
        }

        return _template.Render(new Dictionary<string, object?>(_variables) { ["messages"] = shown, ["add_generation_prompt"] = addGenerationPrompt });
    }

    // Stands before what looks like a special token in a content while the template runs, and is taken out afterwards.
    private string UnusedMark(IReadOnlyList<ChatMessage> messages)
    {
        var texts = messages.SelectMany(m => new[] { m.Role, m.Text }).Append(_source).ToList();
        foreach (var first in s_privateUse)
        {
            var used = texts.SelectMany(t => t.EnumerateRunes()).Where(r => r >= first).ToHashSet();
            for (var i = 0; i < 6400; i++)
            {
                if (!used.Contains(new(first.Value + i)))
                {
                    return new Rune(first.Value + i).ToString();
                }
            }
        }

        throw new InvalidDataException("the conversation uses up the private-use characters");
    }

    private static (string Source, string Name)? FolderTemplate(string folder)
    {
        var path = Path.Combine(folder, "chat_template.jinja");
        if (File.Exists(path))
        {
            return (File.ReadAllText(path), path);
        }

        path = Path.Combine(folder, "tokenizer_config.json");
        var source = !File.Exists(path) ? null : TokenizerFile.ReadJson(path, root => root.Member("chat_template") switch
        {
            null => null,
            { ValueKind: JsonValueKind.Array } named => named.EnumerateArray().Where(t => t.GetProperty("name").GetString() == "default")
                .Select(t => t.GetProperty("template").GetString()).FirstOrDefault(),
            { } template => template.GetString(),
        });
        return source is null ? null : (source, path);
    }

    private static (string Source, string Name) FamilyTemplate(string folder, string architecture, ITokenizer tokenizer)
    {
        var family = ChatFamily.Of(architecture)
            ?? throw new InvalidDataException($"{folder} brings no chat template, and none is built in for {architecture}");
        var source = family.Template;
        if (!tokenizer.SpecialTokens.ContainsKey("<|im_start|>") && tokenizer.SpecialTokens.ContainsKey("[UNUSED_TOKEN_146]"))
        {
            // InternLM2 vocabularies before their tokens were renamed.
            source = source.Replace("<|im_start|>", "[UNUSED_TOKEN_146]", StringComparison.Ordinal)
                .Replace("<|im_end|>", "[UNUSED_TOKEN_145]", StringComparison.Ordinal);
        }
        else if (family.Markers.FirstOrDefault(m => !tokenizer.SpecialTokens.ContainsKey(m)) is { } missing)
        {
            throw new InvalidDataException($"{folder} brings no chat template, and the built-in one for {architecture} needs the token {missing}");
        }

        return (source, $"built-in template for {architecture}");
    }

    /// <summary>The variables <c>bos_token</c>, <c>eos_token</c> and so on, as far as there are such tokens.</summary>
    private static Dictionary<string, object?> SpecialTokens(string folder, ITokenizer tokenizer)
    {
        var settings = TokenizerSettings.Load(folder);
        var tokens = new Dictionary<string, object?>();
        Add("bos_token", settings.Bos, tokenizer.BosId);
        Add("eos_token", settings.Eos, tokenizer.EosId);
        Add("pad_token", settings.Pad, tokenizer.PadId);
        return tokens;

        void Add(string name, string? spelling, int? id)
        {
            spelling ??= tokenizer.SpecialTokens.Where(t => t.Value == id).Select(t => t.Key).FirstOrDefault();
            if (spelling is not null)
            {
                tokens[name] = spelling;
            }
        }
    }
}
