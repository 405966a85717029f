using BestOfN.Inputs.Gguf;

namespace BestOfN.LLama.Models;

/// <summary>What a context of llama.cpp takes of memory, estimated from the file's head before llama.cpp is asked.</summary>
/// <remarks>llama.cpp ends the process, or does not come back, where it is asked for more than there is.</remarks>
internal sealed record GgufMemory
{
    private const long DefaultTokens = 32_768;
    private const long LeastTokens = 512;

    /// <summary>Bytes of keys and values for one token, over all layers.</summary>
    public required long BytesPerToken { get; init; }

    /// <summary>Bytes of the weights, the file's length.</summary>
    public required long Weights { get; init; }

    /// <summary>Bytes for the logits of a batch.</summary>
    public required long Logits { get; init; }

    /// <summary>The longest sequence that the model was trained for.</summary>
    public required long TrainedLength { get; init; }

    /// <param name="file">The head of the file.</param>
    /// <param name="exact">Keys and values in float32, else in float16.</param>
    /// <param name="batch">Tokens that are computed together.</param>
    /// <exception cref="InvalidDataException">The file does not tell its sizes, or impossible ones.</exception>
    public static GgufMemory Of(GgufFile file, bool exact, int batch)
    {
        var name = file.Architecture;
        long Size(string key, long? fallback = null) => file.Number($"{name}.{key}") ?? fallback switch
        {
            { } value => value,
            null => throw new InvalidDataException($"{file.Path}: {name}.{key}: expected a number, found nothing."),
        };

        var (layers, width) = (Size("block_count"), Size("embedding_length"));
        var heads = Math.Max(1, Size("attention.head_count", file.Numbers($"{name}.attention.head_count").DefaultIfEmpty(1).Max()));
        var keyHeads = Size(
            "attention.head_count_kv", file.Numbers($"{name}.attention.head_count_kv").DefaultIfEmpty(heads).Max());
        var (keys, values) = (Size("attention.key_length", width / heads), Size("attention.value_length", width / heads));
        var vocabulary = file.Tensors.FirstOrDefault(t => t.Name == "token_embd.weight")?.Shape[0] ?? 0;
        var trained = Size("context_length");
        foreach (var size in (long[])[layers, width, keyHeads, keys, values, trained])
        {
            if (size is < 0 or > 1 << 30)
            {
                throw new InvalidDataException($"{file.Path}: a size of {size} in the head is impossible.");
            }
        }

        return new GgufMemory
        {
            BytesPerToken = Math.Max(1, layers * keyHeads * (keys + values) * (exact ? 4 : 2)),
            Weights = file.Length,
            Logits = vocabulary * batch * sizeof(float),
            TrainedLength = trained,
        };
    }

    /// <summary>Tokens that fit where the operator names no number: at most a quarter of the memory.</summary>
    public int DefaultTokenCount(long memory) => (int)Math.Clamp(memory / 4 / BytesPerToken, LeastTokens, DefaultTokens);

    /// <returns>Why a context of so many tokens does not fit; null where it does.</returns>
    public string? Problem(long tokens, long memory)
    {
        var needed = (Int128)Weights + Logits + ((Int128)tokens * BytesPerToken);
        return needed <= memory ? null
            : $"{tokens} tokens need {Gigabytes(needed)} with the weights, and the machine has {Gigabytes(memory)}.";
    }

    private static string Gigabytes(Int128 bytes) => FormattableString.Invariant($"{(double)bytes / (1 << 30):0.0} GiB");
}
