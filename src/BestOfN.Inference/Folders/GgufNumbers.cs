using BestOfN.Inference.Weights;
using BestOfN.Inputs.Gguf;
using static TorchSharp.torch;

namespace BestOfN.Inference.Folders;

/// <summary>Numbers of tensors as they stand in a GGUF file.</summary>
internal static class GgufNumbers
{
    /// <summary>Numbers that share one scale in <see cref="GgufType.Q8_0"/>.</summary>
    public const int BlockSize = 32;

    private const long ElementsPerPiece = 1 << 20;

    /// <param name="tensor">float32, row by row without gaps.</param>
    /// <param name="kind">Type and name in the file.</param>
    /// <param name="file">Where the bytes go.</param>
    /// <param name="cancellationToken">Checked between pieces.</param>
    /// <exception cref="CheckpointException">A finite number would become infinite.</exception>
    public static void Write(Tensor tensor, GgufTensor kind, Stream file, CancellationToken cancellationToken)
    {
        var flat = tensor.view(-1);
        var elements = flat.NumberOfElements;
        for (long start = 0; start < elements; start += ElementsPerPiece)
        {
            cancellationToken.ThrowIfCancellationRequested();
            using var scope = NewDisposeScope();
            var piece = flat.narrow(0, start, Math.Min(ElementsPerPiece, elements - start));
            if (kind.Type == GgufType.Q8_0)
            {
                WriteBlocks(kind, piece.data<float>().ToArray(), file);
                continue;
            }

            var written = piece.to(kind.Type switch
            {
                GgufType.F32 => ScalarType.Float32,
                GgufType.F16 => ScalarType.Float16,
                _ => ScalarType.BFloat16,
            });
            if (written.isinf().logical_and(piece.isfinite()).any().item<bool>())
            {
                throw TooLarge(kind);
            }

            file.Write(written.bytes);
        }
    }

    // The largest number of a block becomes 127: https://github.com/ggml-org/ggml/blob/master/src/ggml-quants.c, quantize_row_q8_0_ref.
    private static void WriteBlocks(GgufTensor kind, ReadOnlySpan<float> numbers, Stream file)
    {
        Span<byte> block = stackalloc byte[2 + BlockSize];
        for (; numbers.Length > 0; numbers = numbers[BlockSize..])
        {
            var largest = 0f;
            foreach (var number in numbers[..BlockSize])
            {
                largest = Math.Max(largest, Math.Abs(number));
            }

            var scale = largest / 127;
            if (!float.IsFinite(scale) || Half.IsInfinity((Half)scale))
            {
                throw TooLarge(kind);
            }

            BitConverter.TryWriteBytes(block, (Half)scale);
            var inverse = scale == 0 ? 0 : 1 / scale;
            for (var i = 0; i < BlockSize; i++)
            {
                block[2 + i] = (byte)(sbyte)MathF.Round(numbers[i] * inverse, MidpointRounding.AwayFromZero);
            }

            file.Write(block);
        }
    }

    private static CheckpointException TooLarge(GgufTensor kind) =>
        new($"tensor {kind.Name}: it has a number that is too large for {kind.Type}, or none that is finite.");
}
