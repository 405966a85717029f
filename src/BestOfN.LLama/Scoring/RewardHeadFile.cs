using System.Buffers.Binary;
using System.Globalization;
using System.Numerics.Tensors;
using System.Text.Json;
using BestOfN.Inputs.Files;

namespace BestOfN.LLama.Scoring;

/// <summary>A reward head in a safetensors file: one linear layer, or two with a ReLU between. Immutable.</summary>
/// <remarks>Names are those of published reward models; the file's metadata tell which tokens are read, as <c>bestofn convert</c> writes
/// them.</remarks>
internal sealed class RewardHeadFile
{
    private const int LargestFile = 1 << 30;

    private static readonly string[] s_linearNames = ["v_head", "score", "v_head.summary", "value_head", "regression_head"];

    private readonly float[] _weight;
    private readonly float _bias;
    private readonly float[]? _hiddenWeight;
    private readonly float[]? _hiddenBias;

    private RewardHeadFile(string path, IReadOnlyDictionary<string, string> metadata, Dictionary<string, float[]> tensors, int hiddenSize)
    {
        if (metadata.GetValueOrDefault("architecture") == "Qwen2ForProcessRewardModel")
        {
            throw new InvalidDataException($"{path}: the head scores the steps of an answer, which is not computed for GGUF files.");
        }

        string[] present = [.. s_linearNames.Append("score.0").Where(name => tensors.ContainsKey(name + ".weight"))];
        if (present is not [var only])
        {
            throw new InvalidDataException(
                $"{path}: reward head: expected one of {string.Join(", ", s_linearNames)} or score.0 and score.2, found "
                + $"{(present.Length == 0 ? "none" : string.Join(" and ", present))}.");
        }

        float[] Take(string name, int length) => tensors.TryGetValue(name, out var values) && values.Length == length ? values
            : throw new InvalidDataException(
                $"{path}: tensor {name}: expected {length} numbers for a hidden size of {hiddenSize} and one reward, found "
                + $"{(values is null ? "no such tensor" : values.Length.ToString(CultureInfo.InvariantCulture))}.");

        if (only == "score.0")
        {
            (_hiddenWeight, _hiddenBias) = (Take("score.0.weight", hiddenSize * hiddenSize), Take("score.0.bias", hiddenSize));
            (_weight, _bias) = (Take("score.2.weight", hiddenSize), Take("score.2.bias", 1)[0]);
        }
        else
        {
            _weight = Take(only + ".weight", hiddenSize);
            _bias = tensors.ContainsKey(only + ".bias") ? Take(only + ".bias", 1)[0] : 0;
        }

        int? Id(string name) => !metadata.TryGetValue(name, out var text) ? null
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var id) ? id
            : throw new InvalidDataException($"{path}: {name}: expected a token id, found {Printable.Text(text)}.");
        (RewardTokenId, PadTokenId) = (Id("reward_token_id"), Id("pad_token_id"));
        EndsBeforeRewardToken =
            metadata.GetValueOrDefault("architecture")?.StartsWith("InternLMXComposer2", StringComparison.Ordinal) == true;
    }

    /// <summary>Appended to every conversation and read; null: the last token is read.</summary>
    public int? RewardTokenId { get; }

    /// <summary>The last token that differs from it is read; null: the last token is.</summary>
    public int? PadTokenId { get; }

    /// <summary>Whether the token that ends a text stands before the reward token.</summary>
    public bool EndsBeforeRewardToken { get; }

    /// <param name="path">The file.</param>
    /// <param name="hiddenSize">Numbers of a hidden state of the decoder.</param>
    /// <exception cref="InvalidDataException">The file is none, or holds no head that fits; the message names it.</exception>
    /// <exception cref="IOException">The file is missing or cannot be read.</exception>
    public static RewardHeadFile Load(string path, int hiddenSize)
    {
        var bytes = RegularFile.ReadAllBytes(path, LargestFile);
        try
        {
            var length = checked((int)BinaryPrimitives.ReadUInt64LittleEndian(bytes));
            using var header = JsonDocument.Parse(bytes.AsMemory(8, length));
            var metadata = new Dictionary<string, string>();
            var tensors = new Dictionary<string, float[]>();
            foreach (var entry in header.RootElement.EnumerateObject())
            {
                if (entry.Name == "__metadata__")
                {
                    metadata = entry.Value.EnumerateObject().ToDictionary(m => m.Name, m => m.Value.GetString()!);
                    continue;
                }

                var offsets = entry.Value.GetProperty("data_offsets");
                var (begin, end) = (offsets[0].GetInt32(), offsets[1].GetInt32());
                tensors[entry.Name] = Numbers(entry.Value.GetProperty("dtype").GetString(), bytes.AsSpan(8 + length)[begin..end]);
            }

            return new RewardHeadFile(path, metadata, tensors, hiddenSize);
        }
        catch (Exception e) when (e is JsonException or ArgumentException or OverflowException or InvalidOperationException
            or KeyNotFoundException or FormatException or IndexOutOfRangeException)
        {
            throw new InvalidDataException($"{path}: not a safetensors file: {e.Message}", e);
        }
    }

    /// <param name="hidden">A final hidden state.</param>
    /// <returns>The reward.</returns>
    public double Score(ReadOnlySpan<float> hidden)
    {
        if (_hiddenWeight is null)
        {
            return TensorPrimitives.Dot(hidden, _weight) + _bias;
        }

        var between = new float[hidden.Length];
        for (var row = 0; row < between.Length; row++)
        {
            var sum = TensorPrimitives.Dot(hidden, _hiddenWeight.AsSpan(row * hidden.Length, hidden.Length)) + _hiddenBias![row];
            between[row] = Math.Max(0, sum);
        }

        return TensorPrimitives.Dot<float>(between, _weight) + _bias;
    }

    private static float[] Numbers(string? type, ReadOnlySpan<byte> bytes)
    {
        var size = type switch
        {
            "F32" => 4,
            "F16" or "BF16" => 2,
            _ => throw new FormatException($"expected numbers in F32, F16 or BF16, found {type}"),
        };
        var numbers = new float[bytes.Length / size];
        for (var i = 0; i < numbers.Length; i++)
        {
            numbers[i] = type switch
            {
                "F32" => BinaryPrimitives.ReadSingleLittleEndian(bytes[(4 * i)..]),
                "F16" => (float)BinaryPrimitives.ReadHalfLittleEndian(bytes[(2 * i)..]),
                _ => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadUInt16LittleEndian(bytes[(2 * i)..]) << 16),
            };
        }

        return numbers;
    }
}
