using BestOfN.Inputs.Tokenizers;

namespace BestOfN.Inputs.Gguf;

/// <summary>A tokenizer as the fields of a GGUF file.</summary>
/// <remarks>
/// Special tokens are marked as control tokens, also where a SentencePiece file calls them user-defined: llama.cpp reads the spelling of
/// user-defined tokens in the text of a message as the token.
/// </remarks>
internal static class GgufVocabulary
{
    /// <summary>True where texts are composed (Unicode NFC) before they become tokens; only engines of this project read it.</summary>
    public const string Composes = "bestofn.tokenizer.nfc";

    /// <summary>The tokens that end an answer; other engines know only one or two.</summary>
    public const string EndTokens = "bestofn.end_token_ids";

    private const string Words = @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
        + @"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    /// <summary>The fields <c>tokenizer.ggml.…</c>.</summary>
    /// <param name="tokenizer">What a model folder holds.</param>
    /// <param name="size">Rows of the embedding; the vocabulary is filled up to it.</param>
    /// <param name="template">The chat template; of several spellings of a token the one that stands in it is written.</param>
    /// <exception cref="InvalidDataException">A GGUF file cannot say what the tokenizer does.</exception>
    public static IReadOnlyList<KeyValuePair<string, object>> Of(ITokenizer tokenizer, int size, string template)
    {
        if (tokenizer.VocabularySize > size)
        {
            throw new InvalidDataException($"the tokenizer has {tokenizer.VocabularySize} tokens, the model only {size}");
        }

        var fields = new List<KeyValuePair<string, object>>();
        void Add(string name, object value) => fields.Add(new($"tokenizer.ggml.{name}", value));
        void AddId(string name, int? id)
        {
            if (id is { } known)
            {
                Add(name, (uint)known);
            }
        }

        var entries = new (string Text, float Score, GgufTokenType Type)[size];
        for (var id = 0; id < size; id++)
        {
            entries[id] = ($"[PAD{id}]", 0, GgufTokenType.Unused);
        }

        switch (tokenizer)
        {
            case SentencePieceTokenizer sentencePiece:
                Fill(entries, sentencePiece);
                Add("model", "llama");
                Add("pre", "default");
                Add("add_space_prefix", sentencePiece.PrefixesFirst);
                Add("scores", entries.Select(e => e.Score).ToArray());
                var unknown = Array.FindIndex(entries, e => e.Type == GgufTokenType.Unknown);
                AddId("unknown_token_id", unknown < 0 ? null : unknown);
                break;
            case ByteLevelTokenizer { Model: var model }:
                foreach (var (text, id) in model.Vocabulary)
                {
                    entries[id] = (text, 0, GgufTokenType.Normal);
                }

                Add("model", "gpt2");
                Add("pre", PreTokenizer(model));
                Add("merges", model.Merges.Select(m => $"{m.Left} {m.Right}").ToArray());
                fields.Add(new(Composes, model.ComposeCanonically));
                break;
            default:
                throw new InvalidDataException($"a tokenizer of the kind {tokenizer.GetType().Name} cannot stand in a GGUF file");
        }

        foreach (var spellings in tokenizer.SpecialTokens.GroupBy(t => t.Value, t => t.Key))
        {
            if (entries[spellings.Key].Type == GgufTokenType.Unknown)
            {
                continue;
            }

            var written = spellings.FirstOrDefault(s => template.Contains(s, StringComparison.Ordinal)) ?? spellings.Last();
            entries[spellings.Key] = (written, entries[spellings.Key].Score,
                tokenizer.BytesOf(spellings.Key).IsEmpty ? GgufTokenType.Control : GgufTokenType.UserDefined);
        }

        Add("tokens", entries.Select(e => e.Text).ToArray());
        Add("token_type", entries.Select(e => (int)e.Type).ToArray());
        AddId("bos_token_id", tokenizer.BosId);
        AddId("eos_token_id", tokenizer.EosId);
        AddId("padding_token_id", tokenizer.PadId);
        Add("add_bos_token", tokenizer.AddsBos);
        return fields;
    }

    private static void Fill((string Text, float Score, GgufTokenType Type)[] entries, SentencePieceTokenizer tokenizer)
    {
        var model = tokenizer.Model;
        if (tokenizer.PrefixesFirst != tokenizer.PrefixesOthers)
        {
            throw new InvalidDataException(
                "the tokenizer puts a blank before the beginning of a text only (legacy: false), which a GGUF file cannot say");
        }

        if (model.RemoveExtraWhitespaces || !model.EscapeWhitespaces || !model.ByteFallback)
        {
            throw new InvalidDataException(
                "the SentencePiece model changes blanks or has no bytes for unknown characters, which a GGUF file cannot say");
        }

        foreach (var (id, piece) in model.Pieces.Index())
        {
            entries[id] = (piece.Text, piece.Score, piece.Kind switch
            {
                SentencePieceKind.Unknown => GgufTokenType.Unknown,
                SentencePieceKind.Control => GgufTokenType.Control,
                SentencePieceKind.UserDefined => GgufTokenType.UserDefined,
                SentencePieceKind.Byte => GgufTokenType.Byte,
                _ => GgufTokenType.Normal,
            });
        }
    }

    /// <summary>The name under which llama.cpp knows how a text is cut into words.</summary>
    private static string PreTokenizer(ByteLevelModel model) => (model.WordPatterns, model.IgnoreMerges) switch
    {
        ([Words], true) => "llama-bpe",
        ([var words], false) when words == Words.Replace("{1,3}", "", StringComparison.Ordinal) => "qwen2",
        ([ByteLevelModel.Gpt2Pattern], false) => "gpt-2",
        _ => throw new InvalidDataException(
            "the tokenizer cuts texts into words in a way without a name in GGUF files; those of Llama 3, Qwen2, Qwen3 and GPT-2 have one"),
    };
}
