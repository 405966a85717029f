using System.Text.Json;

namespace BestOfN.Inputs.Tokenizers;

/// <summary>What tokenizer.json says about a byte-level BPE tokenizer.</summary>
internal sealed record ByteLevelModel
{
    // What a ByteLevel pre-tokenizer uses when it brings its own pattern (GPT-2).
    internal const string Gpt2Pattern = @"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+";

    public required IReadOnlyDictionary<string, int> Vocabulary { get; init; }

    public required IReadOnlyList<(string Left, string Right)> Merges { get; init; }

    public required IReadOnlyList<AddedToken> Added { get; init; }

    public required IReadOnlyList<string> WordPatterns { get; init; }

    /// <summary>Whether a word that is in the vocabulary as a whole is that token, reachable by merges or not.</summary>
    public bool IgnoreMerges { get; init; }

    public bool ComposeCanonically { get; init; }

    public string? Bos { get; init; }

    /// <summary>Whether a text that is encoded with special tokens begins with <see cref="Bos"/>.</summary>
    public bool AddsBos { get; init; }

    public string? Eos { get; init; }

    public string? Pad { get; init; }

    public static ByteLevelModel Parse(JsonElement root, TokenizerSettings settings)
    {
        var model = root.GetProperty("model");
        if ((model.Member("type")?.GetString() ?? "BPE") is not "BPE" and var type)
        {
            throw new InvalidDataException($"the tokenizer is of kind {type}; only byte-level BPE is supported");
        }

        if (model.Member("byte_fallback")?.GetBoolean() == true || model.Member("dropout") is { } dropout && dropout.GetDouble() != 0
            || model.Member("continuing_subword_prefix")?.GetString() is { Length: > 0 }
            || model.Member("end_of_word_suffix")?.GetString() is { Length: > 0 })
        {
            throw new InvalidDataException("only byte-level BPE without byte fallback, dropout, prefixes and suffixes is supported");
        }

        var vocabulary = new Dictionary<string, int>();
        foreach (var token in model.GetProperty("vocab").EnumerateObject())
        {
            vocabulary[token.Name] = TokenizerFile.CheckedId(token.Value.GetInt32());
        }

        var added = new Dictionary<string, AddedToken>();
        foreach (var token in root.Member("added_tokens")?.EnumerateArray() ?? default)
        {
            AddToken(added, token, Normalizes(root.Member("normalizer")));
        }

        foreach (var token in settings.Added)
        {
            var id = added.TryGetValue(token.Spelling, out var other) ? other.Id : vocabulary.GetValueOrDefault(token.Spelling, token.Id);
            added[token.Spelling] = id == token.Id ? token
                : throw new InvalidDataException(
                    $"added token {token.Spelling}: expected id {token.Id}, as the files beside it say, found {id}");
        }

        // A token of the vocabulary that only the settings call special, as older files do.
        foreach (var spelling in settings.Special.Where(s => !added.ContainsKey(s) && TokenizerFile.IsMarkup(s)))
        {
            if (vocabulary.TryGetValue(spelling, out var id))
            {
                added[spelling] = new(id, spelling, Special: true);
            }
        }

        if (settings.AddPrefixSpace == true)
        {
            throw new InvalidDataException("add_prefix_space in tokenizer_config.json: expected false, found true, which is not supported");
        }

        var composes = Composes(root.Member("normalizer"));

        return new()
        {
            Vocabulary = vocabulary,
            Merges = [.. model.GetProperty("merges").EnumerateArray().Select(Merge)],
            Added = [.. added.Values],
            WordPatterns = Patterns(root.Member("pre_tokenizer")),
            IgnoreMerges = model.Member("ignore_merges")?.GetBoolean() ?? false,
            ComposeCanonically = composes,
            Bos = settings.Bos ?? TemplateStart(root.Member("post_processor")),
            AddsBos = settings.AddBos ?? (TemplateStart(root.Member("post_processor")) is not null),
            Eos = settings.Eos,
            Pad = settings.Pad,
        };
    }

    private static void AddToken(Dictionary<string, AddedToken> added, JsonElement token, bool normalizes)
    {
        var spelling = token.GetProperty("content").GetString()!;
        var special = token.Member("special")?.GetBoolean() ?? false;
        TokenizerSettings.RefuseFlags(spelling, token);
        if (normalizes && !special && token.Member("normalized")?.GetBoolean() == true)
        {
            throw new InvalidDataException(
                $"added token {spelling} is found in normalised text (normalized: true), which is not supported");
        }

        added[spelling] = new(TokenizerFile.CheckedId(token.GetProperty("id").GetInt32()), spelling, special);
    }

    // "a b" in older files, ["a", "b"] in newer ones.
    private static (string, string) Merge(JsonElement merge)
    {
        if (merge.ValueKind == JsonValueKind.Array && merge.GetArrayLength() == 2)
        {
            return (merge[0].GetString()!, merge[1].GetString()!);
        }

        return merge.GetString()!.Split(' ') is [var left, var right]
            ? (left, right)
            : throw new InvalidDataException($"'{merge}' is not a merge of two tokens");
    }

    private static bool Normalizes(JsonElement? normalizer) =>
        normalizer is { } n && !(n.Member("type")?.GetString() == "Sequence" && n.GetProperty("normalizers").GetArrayLength() == 0);

    private static bool Composes(JsonElement? normalizer) => normalizer is { } n && n.GetProperty("type").GetString() switch
    {
        "NFC" => true,
        // every inner normalizer is checked
        "Sequence" => n.GetProperty("normalizers").EnumerateArray().Select(inner => Composes(inner)).ToArray().Contains(true),
        var other => throw new InvalidDataException($"normaliser {other} is not supported"),
    };

    private static List<string> Patterns(JsonElement? preTokenizer)
    {
        var patterns = new List<string>();
        var byteLevel = false;
        var steps = preTokenizer is not { } p
            ? [] : p.GetProperty("type").GetString() == "Sequence" ? p.GetProperty("pretokenizers").EnumerateArray().ToArray() : [p];
        foreach (var step in steps)
        {
            if (byteLevel)
            {
                throw new InvalidDataException($"pre-tokenizer {step.GetProperty("type").GetString()} behind ByteLevel is not supported");
            }

            switch (step.GetProperty("type").GetString())
            {
                case "Split" when step.GetProperty("behavior").GetString() == "Isolated" && step.Member("invert")?.GetBoolean() != true
                    && step.GetProperty("pattern").Member("Regex") is { } regex:
                    patterns.Add(regex.GetString()!);
                    break;
                case "Digits":
                    patterns.Add(step.Member("individual_digits")?.GetBoolean() == true ? @"\p{N}" : @"\p{N}+");
                    break;
                case "ByteLevel" when step.Member("add_prefix_space")?.GetBoolean() == false:
                    byteLevel = true;
                    if (step.Member("use_regex")?.GetBoolean() != false)
                    {
                        patterns.Add(Gpt2Pattern);
                    }

                    break;
                case var other:
                    throw new InvalidDataException($"pre-tokenizer {other} with these settings is not supported");
            }
        }

        return byteLevel ? patterns
            : throw new InvalidDataException("only byte-level BPE is supported, and the pre-tokenizer is not byte-level");
    }

    private static string? TemplateStart(JsonElement? processor)
    {
        switch (processor?.GetProperty("type").GetString())
        {
            case "TemplateProcessing":
                var first = processor.Value.GetProperty("single").EnumerateArray().FirstOrDefault();
                return first.ValueKind == JsonValueKind.Object ? first.Member("SpecialToken")?.GetProperty("id").GetString() : null;
            case "Sequence":
                return processor.Value.GetProperty("processors").EnumerateArray()
                    .Select(p => TemplateStart(p)).FirstOrDefault(s => s is not null);
            default:
                return null;
        }
    }
}
