using System.Text;
using System.Text.Json;
using BestOfN.Core.Prompts;
using BestOfN.Inputs.Files;
using BestOfN.Inputs.Templates.Jinja;
using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inputs.Templates;

/// <summary>Turns a conversation into the token ids a model was trained to read. Thread-safe.</summary>
/// <remarks>
/// Only the template can write special tokens: their spelling in a role or content stays text. Ids are those
/// of the rendered text with the spellings of special tokens read as tokens and nothing added, so BOS is there exactly once if
/// the template writes it, as the published ones of families with BOS do. A <c>developer</c> message is shown as <c>system</c> to
/// templates that do not know the role. Images are placed as InternLM-XComposer2 was trained: a single image right behind BOS, before
/// everything else; several images in their places within the contents. The text between images is encoded piece by piece.
/// </remarks>
public sealed class ChatTemplate
{
    private const int LongestDate = 1000;
    private const int MaxTemplateBytes = 4 << 20;

    private static readonly Rune[] s_privateUse = [new(0xE000), new(0xF0000), new(0x100000)];

    // Fields with content: a template that does not read them would leave a part of the conversation out. Other fields are only names
    // and ids.
    private static readonly string[] s_saying = ["tool_calls", "reasoning_content"];

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
            ["strftime_now"] = (JinjaFunction)(a => a.Text(0, "format", null) is { Length: > LongestDate }
                ? throw new JinjaException("the format of a date is too long")
                : StrfTime.Format(time.GetLocalNow(), a.Text(0, "format", null) ?? "%Y-%m-%d")),
        };
    }

    /// <summary>Origin of the template: a file, or the built-in one of a family.</summary>
    public string Origin { get; }

    /// <summary>
    /// The folder's template (<c>chat_template.jinja</c>, else <c>chat_template</c> in <c>tokenizer_config.json</c> or
    /// <c>chat_template.json</c>; of several the one named <c>default</c>), else the one of the
    /// architecture's family: InternLM2, Llama 3, Qwen2, Qwen3.
    /// </summary>
    /// <param name="time">Clock of templates that write today's date; the system's by default.</param>
    /// <exception cref="ChatTemplateException">The template can not be read.</exception>
    /// <exception cref="InvalidDataException">The folder has no template, and no built-in one fits its architecture.</exception>
    public static ChatTemplate Load(string folder, string architecture, ITokenizer tokenizer, TimeProvider? time = null)
    {
        var specialTokens = SpecialTokens(folder, tokenizer);
        var (source, name) = FolderTemplate(folder) ?? FamilyTemplate(folder, architecture, tokenizer);
        return new(source, name, tokenizer, specialTokens, time ?? TimeProvider.System);
    }

    /// <summary>A template whose text is given, as in a GGUF file; its variables are the tokens that begin, end and pad a text.</summary>
    /// <param name="source">The template.</param>
    /// <param name="name">Where it is from, for messages.</param>
    /// <param name="tokenizer">The model's tokenizer.</param>
    /// <param name="time">Clock of templates that write today's date; the system's by default.</param>
    /// <exception cref="ChatTemplateException">The template can not be read.</exception>
    public static ChatTemplate FromText(string source, string name, ITokenizer tokenizer, TimeProvider? time = null)
    {
        var tokens = new Dictionary<string, object?>();
        foreach (var (variable, id) in ((string, int?)[])
            [("bos_token", tokenizer.BosId), ("eos_token", tokenizer.EosId), ("pad_token", tokenizer.PadId)])
        {
            if (tokenizer.SpecialTokens.Where(t => t.Value == id).Select(t => t.Key).FirstOrDefault() is { } spelling)
            {
                tokens[variable] = spelling;
            }
        }

        return new(source, name, tokenizer, tokens, time ?? TimeProvider.System);
    }

    /// <summary>The text of the template.</summary>
    internal string SourceText => _source;

    /// <summary>The token ids of a conversation; an image is given by the ids of its embeddings.</summary>
    /// <exception cref="ChatTemplateException">The template refuses the conversation, for example
    /// its order of roles, or leaves a picture out.</exception>
    public IReadOnlyList<int> Encode(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        var (mark, pictureMark) = UnusedMarks(messages);
        ImageIdsPart[] pictures = [.. messages.SelectMany(m => m.Parts).OfType<ImageIdsPart>()];
        var pieces = Render(messages, addGenerationPrompt, mark, pictures.Length > 1 ? pictureMark : "").Split(pictureMark);
        var ids = WithoutRepeatedBos(_encoder.Encode(pieces[0], mark));
        if (pictures.Length == 1)
        {
            ids.InsertRange(ids.Count > 0 && ids[0] == _bos ? 1 : 0, pictures[0].Ids);
            return ids;
        }

        if (pieces.Length - 1 != pictures.Length)
        {
            throw new ChatTemplateException(
                Origin, 1, $"the template writes {pieces.Length - 1} pictures where the conversation has {pictures.Length}");
        }

        for (var i = 0; i < pictures.Length; i++)
        {
            ids.AddRange(pictures[i].Ids);
            ids.AddRange(_encoder.Encode(pieces[i + 1], mark));
        }

        return ids;
    }

    /// <summary>The conversation as text, for inspection: in it special tokens and their spelling in contents look alike.</summary>
    public string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt)
    {
        var (mark, pictureMark) = UnusedMarks(messages);
        return Render(messages, addGenerationPrompt, mark, pictureMark)
            .Replace(mark, "", StringComparison.Ordinal).Replace(pictureMark, InternLMMarkers.Image, StringComparison.Ordinal);
    }

    private List<int> WithoutRepeatedBos(IReadOnlyList<int> ids)
    {
        var repeated = 0;
        while (repeated + 1 < ids.Count && ids[repeated] == _bos && ids[repeated + 1] == _bos)
        {
            repeated++;
        }

        return [.. ids.Skip(repeated)];
    }

    private string Render(IReadOnlyList<ChatMessage> messages, bool addGenerationPrompt, string mark, string pictureMark)
    {
        var knowsDeveloper = _source.Contains("developer", StringComparison.Ordinal);
        var shown = new List<object?>();
        foreach (var message in messages)
        {
            var fields = new JinjaDictionary
            {
                ["role"] = message.Role == "developer" && !knowsDeveloper ? "system" : _encoder.Mark(message.Role, mark),
                ["content"] = string.Join(pictureMark, Stretches(message, pictureMark.Length > 0).Select(s => _encoder.Mark(s, mark))),
            };
            foreach (var (name, value) in message.Fields)
            {
                if (s_saying.Contains(name) && Says(value) && !_source.Contains(name, StringComparison.Ordinal))
                {
                    throw new ChatTemplateException(Origin, 1, $"the template does not read {name}, which a message has");
                }

                fields[name] = Marked(JinjaJson.Read(value), mark);
            }

            shown.Add(fields);
        }

        return _template.Render(
            new Dictionary<string, object?>(_variables) { ["messages"] = shown, ["add_generation_prompt"] = addGenerationPrompt });
    }

    // Libraries write an empty list of calls, or an empty reasoning, where there is none.
    private static bool Says(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Null => false,
        JsonValueKind.String => !value.ValueEquals(""),
        JsonValueKind.Array => value.GetArrayLength() > 0,
        _ => true,
    };

    private object? Marked(object? value, string mark) => value switch
    {
        string text => _encoder.Mark(text, mark),
        List<object?> list => list.ConvertAll(item => Marked(item, mark)),
        JinjaDictionary dictionary =>
            JinjaDictionary.Of(dictionary.Select(m => KeyValuePair.Create(Marked(m.Key, mark)!, Marked(m.Value, mark)))),
        _ => value,
    };

    private static IEnumerable<string> Strings(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.String => [value.GetString()!],
        JsonValueKind.Array => value.EnumerateArray().SelectMany(Strings),
        JsonValueKind.Object => value.EnumerateObject().SelectMany(m => Strings(m.Value).Prepend(m.Name)),
        _ => [],
    };

    // A special token's spelling may reach over two parts, but not over what is encoded independently.
    private static IEnumerable<string> Stretches(ChatMessage message, bool picturesStandBetween)
    {
        if (!picturesStandBetween)
        {
            return [message.Text];
        }

        var stretches = new List<string> { "" };
        foreach (var part in message.Parts)
        {
            if (part is ImageIdsPart)
            {
                stretches.Add("");
            }
            else if (part is TextPart text)
            {
                stretches[^1] += text.Text;
            }
        }

        return stretches;
    }

    // While the template runs, the first mark stands before text that is spelled like a special token,
    // the second in place of an image. Both are removed afterwards.
    private (string Mark, string PictureMark) UnusedMarks(IReadOnlyList<ChatMessage> messages)
    {
        var texts = messages.SelectMany(m => m.Fields.Values.SelectMany(Strings).Concat([m.Role, m.Text])).Append(_source).ToList();
        string? mark = null;
        foreach (var first in s_privateUse)
        {
            var used = texts.SelectMany(t => t.EnumerateRunes()).Where(r => r >= first).ToHashSet();
            for (var i = 0; i < 6400; i++)
            {
                if (used.Contains(new(first.Value + i)))
                {
                    continue;
                }

                var unused = new Rune(first.Value + i).ToString();
                if (mark is not null)
                {
                    return (mark, unused);
                }

                mark = unused;
            }
        }

        throw new InvalidDataException("the conversation uses up the private-use characters");
    }

    private static string Read(string path)
    {
        try
        {
            return GitLfsPointer.Is(RegularFile.ReadAllBytes(path, MaxTemplateBytes))
                ? throw new InvalidDataException(GitLfsPointer.Message(path)) : RegularFile.ReadAllText(path, MaxTemplateBytes);
        }
        catch (IOException e)
        {
            throw new ChatTemplateException(path, 1, e.Message, e);
        }
    }

    private static (string Source, string Name)? FolderTemplate(string folder)
    {
        var path = Path.Combine(folder, "chat_template.jinja");
        if (File.Exists(path))
        {
            return (Read(path), path);
        }

        var found = ReadTemplate(Path.Combine(folder, "tokenizer_config.json"));
        var beside = ReadTemplate(Path.Combine(folder, "chat_template.json"));   // what processors of pictures read
        if (found is { } one && beside is { } other && one.Source != other.Source)
        {
            throw new InvalidDataException(
                $"{other.Name}: chat_template: expected the same template as in {one.Name}, "
                    + "found another; remove the one that is not meant");
        }

        // Several named templates need one called default; without it the choice would be a guess.
        var more = Path.Combine(folder, "additional_chat_templates");
        return found ?? beside ?? (Directory.Exists(more) && Directory.EnumerateFiles(more, "*.jinja").Any()
            ? throw new InvalidDataException($"{more}: expected a default template beside these, in chat_template.jinja, found none")
            : null);
    }

    private static (string Source, string Name)? ReadTemplate(string path) =>
        !File.Exists(path) ? null : TokenizerFile.ReadJson(path, root =>
    {
        var templates = root.Member("chat_template") switch
        {
            null => null,
            { ValueKind: JsonValueKind.String } template => new Dictionary<string, string> { ["default"] = template.GetString()! },
            { ValueKind: JsonValueKind.Array } named =>
                named.EnumerateArray().ToDictionary(t => t.GetProperty("name").GetString()!, t => t.GetProperty("template").GetString()!),
            { ValueKind: JsonValueKind.Object } named => named.EnumerateObject().ToDictionary(t => t.Name, t => Source(t.Value)),
            { } other =>
                throw new InvalidDataException($"chat_template: expected a template or named templates, found {other.GetRawText()}"),
        };
        return templates is null or { Count: 0 } ? ((string, string)?)null
            : templates.TryGetValue("default", out var source) ? (source, path)
            : throw new InvalidDataException(
                $"chat_template: expected a template named default, found {string.Join(", ", templates.Keys)}");
    });

    private static string Source(JsonElement template) => template.ValueKind == JsonValueKind.String ? template.GetString()!
        : throw new InvalidDataException($"chat_template: expected a string, found {template.GetRawText()}");

    private static (string Source, string Name) FamilyTemplate(string folder, string architecture, ITokenizer tokenizer)
    {
        var family = ChatFamily.Of(architecture)
            ?? throw new InvalidDataException($"{folder} brings no chat template, and none is built in for {architecture}");
        var source = family.Template;
        var renames = !tokenizer.SpecialTokens.ContainsKey("<|im_start|>") || family.PrefersUnusedTokens;
        if (renames && tokenizer.SpecialTokens.ContainsKey(InternLMMarkers.MessageStart)
            && tokenizer.SpecialTokens.ContainsKey(InternLMMarkers.MessageEnd))
        {
            // InternLM2 vocabularies before their tokens were renamed.
            source = source.Replace("<|im_start|>", InternLMMarkers.MessageStart, StringComparison.Ordinal)
                .Replace("<|im_end|>", InternLMMarkers.MessageEnd, StringComparison.Ordinal);
        }
        else if (family.Markers.FirstOrDefault(m => !tokenizer.SpecialTokens.ContainsKey(m)) is { } missing)
        {
            throw new InvalidDataException(
                $"{folder} brings no chat template, and the built-in one for {architecture} needs the token {missing}");
        }

        return (source, $"built-in template for {architecture}");
    }

    /// <summary>The variables <c>bos_token</c>, <c>eos_token</c> and so on, as far as there are such tokens.</summary>
    private static Dictionary<string, object?> SpecialTokens(string folder, ITokenizer tokenizer)
    {
        var settings = TokenizerSettings.Load(folder);
        var tokens = new Dictionary<string, object?>();
        // The files of byte-level tokenizers tell all names; SentencePiece models have some of their own.
        var named = tokenizer is ByteLevelTokenizer ? null : tokenizer;
        Add("bos_token", settings.Bos, named?.BosId);
        Add("eos_token", settings.Eos, named?.EosId);
        Add("pad_token", settings.Pad, named?.PadId);
        foreach (var (name, spelling) in settings.OtherNames)
        {
            Add(name, spelling, null);
        }

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
