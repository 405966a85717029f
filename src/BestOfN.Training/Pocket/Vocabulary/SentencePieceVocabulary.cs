using System.Buffers.Binary;
using System.Text;
using BestOfN.Data;
using BestOfN.Data.Worlds;

namespace BestOfN.Training.Pocket.Vocabulary;

/// <summary>
/// A small SentencePiece vocabulary for the InternLM2 family: special tokens, all bytes, all printable ASCII, and merges learned from a
/// world.
/// </summary>
/// <remarks>Schema: https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto.</remarks>
public sealed class SentencePieceVocabulary
{
    // The escapes are JSON's.
    private const string ChatTemplate =
        @"{{ bos_token }}{% for message in messages %}"
        + @"{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>' + '\n' }}{% endfor %}"
        + @"{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}";

    private const string TokenizerConfig =
        $$$"""
        {
          "tokenizer_class": "InternLM2Tokenizer",
          "bos_token": "<s>",
          "eos_token": "</s>",
          "unk_token": "<unk>",
          "pad_token": "</s>",
          "add_bos_token": true,
          "add_eos_token": false,
          "additional_special_tokens": ["<|im_start|>", "<|im_end|>", "<|reward|>"],
          "chat_template": "{{{ChatTemplate}}}"
        }

        """;

    private readonly VocabularyPiece[] _pieces;

    private SentencePieceVocabulary(VocabularyPiece[] pieces) => _pieces = pieces;

    /// <summary>The smallest vocabulary there is: everything but merges.</summary>
    public static int MinimumSize { get; } = Fixed().Count() + Characters().Count();

    /// <summary>Number of tokens, known to the model as <c>vocab_size</c>.</summary>
    public int Size => _pieces.Length;

    internal IReadOnlyList<VocabularyPiece> Pieces => _pieces;

    /// <summary>Learns from problems as they look in a chat. Deterministic.</summary>
    /// <param name="sample">A few thousand problems show all that their world says.</param>
    /// <param name="size">Tokens wanted, at least <see cref="MinimumSize"/>. Fewer come when the sample has no more to join.</param>
    public static SentencePieceVocabulary Learn(IEnumerable<Problem> sample, int size)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(size, MinimumSize);
        var merges = PairMerges.Learn(sample.SelectMany(p => (string[])["user", p.Question, "assistant", p.Solution]), size - MinimumSize);

        // Scores fall from merge to merge; single characters come last and never compete.
        var learned = merges.Concat(Characters()).Select((text, rank) => new VocabularyPiece(text, -rank, VocabularyPieceType.Normal));
        return new([.. Fixed(), .. learned]);
    }

    /// <summary>Writes <c>tokenizer.model</c> and <c>tokenizer_config.json</c>, each whole or not at all.</summary>
    /// <param name="folder">Made if it is not there.</param>
    public void Write(string folder)
    {
        Directory.CreateDirectory(folder);
        AtomicFile.Write(Path.Combine(folder, "tokenizer.model"), ToModel());
        AtomicFile.Write(Path.Combine(folder, "tokenizer_config.json"), Encoding.UTF8.GetBytes(TokenizerConfig));
    }

    private static IEnumerable<VocabularyPiece> Fixed() =>
    [
        new("<unk>", 0, VocabularyPieceType.Unknown),
        new("<s>", 0, VocabularyPieceType.Control),
        new("</s>", 0, VocabularyPieceType.Control),
        new("<|reward|>", 0, VocabularyPieceType.UserDefined),
        new("<|im_end|>", 0, VocabularyPieceType.UserDefined),
        new("<|im_start|>", 0, VocabularyPieceType.UserDefined),
        .. Enumerable.Range(0, 256).Select(b => new VocabularyPiece($"<0x{b:X2}>", 0, VocabularyPieceType.Byte)),
    ];

    private static IEnumerable<string> Characters() =>
        Enumerable.Range(' ', '~' - ' ' + 1).Select(c => ((char)c).ToString().Replace(' ', PairMerges.Space)).Append("\n");

    private byte[] ToModel()
    {
        using var model = new MemoryStream();
        foreach (var piece in _pieces)
        {
            WriteMessage(model, 1, m =>
            {
                WriteText(m, 1, piece.Text);
                WriteFloat(m, 2, piece.Score);
                WriteNumber(m, 3, (long)piece.Type);
            });
        }

        WriteMessage(model, 2, trainer =>
        {
            WriteNumber(trainer, 3, 2);           // model_type: BPE
            WriteNumber(trainer, 4, Size);        // vocab_size
            foreach (var piece in _pieces.Where(p => p.Type == VocabularyPieceType.UserDefined))
            {
                WriteText(trainer, 31, piece.Text); // user_defined_symbols
            }

            WriteNumber(trainer, 35, 1);          // byte_fallback
            WriteNumber(trainer, 40, 0);          // unk_id
            WriteNumber(trainer, 41, 1);          // bos_id
            WriteNumber(trainer, 42, 2);          // eos_id
            WriteNumber(trainer, 43, -1);         // pad_id: none
        });
        WriteMessage(model, 3, normalizer =>
        {
            WriteText(normalizer, 1, "identity"); // name
            WriteText(normalizer, 2, "");         // precompiled_charsmap
            WriteNumber(normalizer, 3, 0);        // add_dummy_prefix
            WriteNumber(normalizer, 4, 0);        // remove_extra_whitespaces
            WriteNumber(normalizer, 5, 1);        // escape_whitespaces
        });
        return model.ToArray();
    }

    private static void WriteMessage(Stream stream, int field, Action<Stream> write)
    {
        using var message = new MemoryStream();
        write(message);
        WriteBytes(stream, field, message.ToArray());
    }

    private static void WriteText(Stream stream, int field, string text) => WriteBytes(stream, field, Encoding.UTF8.GetBytes(text));

    private static void WriteBytes(Stream stream, int field, byte[] bytes)
    {
        WriteVarint(stream, (ulong)field << 3 | 2);
        WriteVarint(stream, (ulong)bytes.Length);
        stream.Write(bytes);
    }

    private static void WriteNumber(Stream stream, int field, long value)
    {
        WriteVarint(stream, (ulong)field << 3);
        WriteVarint(stream, (ulong)value);
    }

    private static void WriteFloat(Stream stream, int field, float value)
    {
        WriteVarint(stream, (ulong)field << 3 | 5);
        Span<byte> bytes = stackalloc byte[sizeof(float)];
        BinaryPrimitives.WriteSingleLittleEndian(bytes, value);
        stream.Write(bytes);
    }

    private static void WriteVarint(Stream stream, ulong value)
    {
        for (; value >= 0x80; value >>= 7)
        {
            stream.WriteByte((byte)(value | 0x80));
        }

        stream.WriteByte((byte)value);
    }
}
