namespace BestOfN.Inputs.Tokenizers;

/// <summary>Text to token ids and back, exactly as the tokenizer a checkpoint was trained with. Thread-safe.</summary>
public interface ITokenizer
{
    /// <summary>One more than the highest id.</summary>
    int VocabularySize { get; }

    /// <summary>Id of the token that begins a text (BOS); null if the files name none. The same holds for <see cref="EosId"/> and
    /// <see cref="PadId"/>.</summary>
    int? BosId { get; }

    int? EosId { get; }

    int? PadId { get; }

    /// <summary>Spelling to id of all control and added tokens: what a chat template may name.</summary>
    /// <remarks>
    /// Those with empty <see cref="BytesOf"/> are special and never come out of <see cref="Encode"/>. The others
    /// (Qwen's <c>&lt;think&gt;</c>) are marked as ordinary vocabulary by the files and do.
    /// </remarks>
    IReadOnlyDictionary<string, int> SpecialTokens { get; }

    /// <summary>Encodes ordinary text: the spelling of a special token stays text; neither BOS nor EOS is added.</summary>
    IReadOnlyList<int> Encode(string text);

    /// <summary>As <see cref="Encode"/>, for text that stands behind a special token and not at the beginning.</summary>
    IReadOnlyList<int> EncodeBehindToken(string text) => Encode(text);

    /// <summary>
    /// Text of the ids with U+FFFD for what is not UTF-8. Control tokens of SentencePiece vanish; other special tokens are spelled out.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">An id is outside the vocabulary.</exception>
    string Decode(IReadOnlyList<int> ids);

    /// <summary>The UTF-8 bytes a token stands for, possibly part of a scalar; empty for special tokens and unused ids.</summary>
    ReadOnlySpan<byte> BytesOf(int id);

    /// <summary>Whether the leading space of this token is not part of the text when it
    /// opens the text (SentencePiece's dummy prefix).</summary>
    bool DropsLeadingSpace(int id) => false;

    /// <summary>
    /// Whether a text that is encoded with special tokens begins with BOS, as the files say or the published code assumes.
    /// </summary>
    bool AddsBos => false;

    /// <summary>
    /// Whether decoding writes one U+FFFD for every undecodable byte (SentencePiece) rather than one for every longest broken sequence.
    /// </summary>
    bool ReplacesEveryInvalidByte => false;
}
