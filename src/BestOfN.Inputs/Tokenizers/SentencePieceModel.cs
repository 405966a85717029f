namespace BestOfN.Inputs.Tokenizers;

/// <summary>What a SentencePiece BPE model file says.</summary>
/// <remarks>Field numbers: https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto.</remarks>
internal sealed record SentencePieceModel
{
    public required IReadOnlyList<SentencePiece> Pieces { get; init; }

    public bool ByteFallback { get; init; }

    public bool AddDummyPrefix { get; init; } = true;

    public bool RemoveExtraWhitespaces { get; init; } = true;

    public bool EscapeWhitespaces { get; init; } = true;

    public string Bos { get; init; } = "<s>";

    public string Eos { get; init; } = "</s>";

    public string Pad { get; init; } = "<pad>";

    /// <exception cref="InvalidDataException">Not a model, or one whose rules are not implemented.</exception>
    public static SentencePieceModel Parse(ReadOnlySpan<byte> file)
    {
        var pieces = new List<SentencePiece>();
        var model = new SentencePieceModel { Pieces = pieces };
        var kind = 1UL; // absent means unigram
        var reader = new ProtobufReader(file);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 1: pieces.Add(ParsePiece(reader.Bytes)); break;
                case 2: (model, kind) = WithTrainer(model, kind, reader.Bytes); break;
                case 3: model = WithNormalizer(model, reader.Bytes); break;
                case 5: RefuseCharacterMap(reader.Bytes); break;
            }
        }

        if (pieces.Count == 0)
        {
            throw new InvalidDataException("not a SentencePiece model: it holds no pieces");
        }

        return kind == 2 ? model : throw new InvalidDataException(
            $"the SentencePiece model is "
                + $"{kind switch { 1 => "a unigram model", 3 => "a word model", 4 => "a character model", _ => $"of kind {kind}" }}; "
                + "only BPE models are supported");
    }

    private static SentencePiece ParsePiece(ReadOnlySpan<byte> message)
    {
        var (text, score, kind) = ("", 0f, SentencePieceKind.Normal);
        var reader = new ProtobufReader(message);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 1: text = reader.Text; break;
                case 2: score = reader.Single; break;
                case 3: kind = (SentencePieceKind)reader.Number; break;
            }
        }

        if (text.Length == 0 || !float.IsFinite(score))
        {
            throw new InvalidDataException("a piece of the SentencePiece model is empty or has no finite score");
        }

        return kind is SentencePieceKind.Unused || !Enum.IsDefined(kind)
            ? throw new InvalidDataException($"pieces of kind {kind} are not supported")
            : new(text, score, kind);
    }

    private static (SentencePieceModel Model, ulong Kind) WithTrainer(SentencePieceModel model, ulong kind, ReadOnlySpan<byte> message)
    {
        var reader = new ProtobufReader(message);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 3: kind = reader.Number; break;
                case 24 when reader.Flag: throw new InvalidDataException("whitespace as a suffix is not supported");
                case 35: model = model with { ByteFallback = reader.Flag }; break;
                case 46: model = model with { Bos = reader.Text }; break;
                case 47: model = model with { Eos = reader.Text }; break;
                case 48: model = model with { Pad = reader.Text }; break;
            }
        }

        return (model, kind);
    }

    private static SentencePieceModel WithNormalizer(SentencePieceModel model, ReadOnlySpan<byte> message)
    {
        RefuseCharacterMap(message);
        var reader = new ProtobufReader(message);
        while (reader.Read())
        {
            switch (reader.Field)
            {
                case 3: model = model with { AddDummyPrefix = reader.Flag }; break;
                case 4: model = model with { RemoveExtraWhitespaces = reader.Flag }; break;
                case 5: model = model with { EscapeWhitespaces = reader.Flag }; break;
            }
        }

        return model;
    }

    private static void RefuseCharacterMap(ReadOnlySpan<byte> normalizer)
    {
        var reader = new ProtobufReader(normalizer);
        while (reader.Read())
        {
            if (reader.Field == 2 && !reader.Bytes.IsEmpty)
            {
                throw new InvalidDataException("the SentencePiece model maps characters; only the identity normaliser is supported");
            }
        }
    }
}
