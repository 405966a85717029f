using System.Buffers.Binary;
using System.Text;
using BestOfN.Models.Weights;

namespace BestOfN.Models.Tokenizers;

/// <summary>A SentencePiece <c>tokenizer.model</c>: the fields of its protobuf that a BPE tokenizer needs.</summary>
/// <remarks>Schema: https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto.</remarks>
internal sealed class SentencePieceModel
{
    private const int LargestFile = 64 << 20;

    public List<SentencePiece> Pieces { get; } = [];

    public bool ByteFallback { get; private set; }

    public bool AddDummyPrefix { get; private set; } = true;

    public bool RemoveExtraWhitespaces { get; private set; } = true;

    public int UnknownId { get; private set; }

    public int BosId { get; private set; } = 1;

    public int EosId { get; private set; } = 2;

    /// <exception cref="CheckpointException">Missing, damaged, or not a BPE model with identity normalisation.</exception>
    public static SentencePieceModel Load(string path)
    {
        var file = new FileInfo(path);
        if (!file.Exists || file.Length > LargestFile)
        {
            throw new CheckpointException($"{path}: expected a SentencePiece model of at most {LargestFile} bytes, found {(file.Exists ? $"{file.Length} bytes" : "no file")}.");
        }

        var model = new SentencePieceModel();
        try
        {
            model.Read(path, File.ReadAllBytes(path));
        }
        catch (Exception e) when (e is ArgumentException or IndexOutOfRangeException or OverflowException)
        {
            throw new CheckpointException($"{path}: not a SentencePiece model: the protobuf is damaged.", e);
        }

        if (model.Pieces.Count == 0)
        {
            throw new CheckpointException($"{path}: not a SentencePiece model: no pieces.");
        }

        return model;
    }

    private void Read(string path, ReadOnlySpan<byte> data)
    {
        var modelType = 1;
        var normalizer = "";
        var hasMap = false;
        foreach (var (field, value, bytes) in new ProtobufFields(data))
        {
            switch (field)
            {
                case 1:
                    Pieces.Add(ReadPiece(bytes));
                    break;
                case 2:
                    foreach (var (f, v, _) in new ProtobufFields(bytes))
                    {
                        modelType = f == 3 ? (int)v : modelType;
                        ByteFallback = f == 35 ? v != 0 : ByteFallback;
                        UnknownId = f == 40 ? (int)v : UnknownId;
                        BosId = f == 41 ? (int)v : BosId;
                        EosId = f == 42 ? (int)v : EosId;
                    }

                    break;
                case 3:
                    foreach (var (f, v, b) in new ProtobufFields(bytes))
                    {
                        normalizer = f == 1 ? Encoding.UTF8.GetString(b) : normalizer;
                        hasMap |= f == 2 && b.Length > 0;
                        AddDummyPrefix = f == 3 ? v != 0 : AddDummyPrefix;
                        RemoveExtraWhitespaces = f == 4 ? v != 0 : RemoveExtraWhitespaces;
                    }

                    break;
            }
        }

        if (modelType != 2)
        {
            throw new CheckpointException($"{path}: model_type: expected BPE (2), found {modelType}; unigram models are not supported.");
        }

        if (hasMap || RemoveExtraWhitespaces)
        {
            throw new CheckpointException($"{path}: normalizer: expected identity that keeps white space, found {normalizer}.");
        }
    }

    private static SentencePiece ReadPiece(ReadOnlySpan<byte> data)
    {
        var (text, score, type) = ("", 0f, SentencePieceType.Normal);
        foreach (var (field, value, bytes) in new ProtobufFields(data))
        {
            switch (field)
            {
                case 1:
                    text = Encoding.UTF8.GetString(bytes);
                    break;
                case 2:
                    score = BinaryPrimitives.ReadSingleLittleEndian(bytes);
                    break;
                case 3:
                    type = (SentencePieceType)value;
                    break;
            }
        }

        return new SentencePiece(text, score, type);
    }
}
