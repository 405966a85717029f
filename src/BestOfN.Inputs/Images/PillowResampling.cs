using System.Numerics;

namespace BestOfN.Inputs.Images;

/// <summary>Resizes images to the same bytes as Pillow, with which the published models were trained.</summary>
/// <remarks>Two passes, one per axis, each rounded and clipped to bytes; a pass whose size does not change is left out.
/// Rows are shared between at most <see cref="MaximumThreads"/> threads. Source: Pillow 9, ImagingResample.</remarks>
public static class PillowResampling
{
    private const int MaximumThreads = 8;
    private const int Half = 1 << (AxisWeights.FractionBits - 1);

    /// <summary>Resizes without keeping the aspect ratio.</summary>
    /// <param name="width">Pixels, at least 1.</param>
    /// <param name="height">Pixels, at least 1.</param>
    public static Image Resize(Image picture, int width, int height, ResamplingFilter filter, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(picture);
        return new(width, height,
            Resize(picture.Pixels, (picture.Width, picture.Height), (width, height), 3, filter, verticalFirst: false, cancellationToken));
    }

    /// <param name="source">Rows from top to bottom, <paramref name="channels"/> bytes per pixel.</param>
    /// <param name="verticalFirst">Resize columns before rows: the result equals that of
    /// transposing the image, resizing, and transposing back.</param>
    internal static byte[] Resize(
        ReadOnlyMemory<byte> source,
        (int Width, int Height) from,
        (int Width, int Height) to,
        int channels,
        ResamplingFilter filter,
        bool verticalFirst,
        CancellationToken cancellationToken)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(to.Width, 1);
        ArgumentOutOfRangeException.ThrowIfLessThan(to.Height, 1);
        byte[]? resized = null;
        if (verticalFirst)
        {
            Vertically(from.Width);
            Horizontally(to.Height);
        }
        else
        {
            Horizontally(from.Height);
            Vertically(to.Width);
        }

        return resized ?? source.ToArray();

        void Horizontally(int rows)
        {
            if (from.Width != to.Width)
            {
                resized = ResizeRows(resized ?? source, rows, from.Width, to.Width, channels,
                    new AxisWeights(from.Width, to.Width, filter), cancellationToken);
            }
        }

        void Vertically(int width)
        {
            if (from.Height != to.Height)
            {
                resized = ResizeColumns(
                    resized ?? source, width * channels, to.Height, new AxisWeights(from.Height, to.Height, filter), cancellationToken);
            }
        }
    }

    private static byte[] ResizeRows(
        ReadOnlyMemory<byte> source, int rows, int sourceWidth, int width, int channels,
        AxisWeights weights, CancellationToken cancellationToken)
    {
        var result = GC.AllocateUninitializedArray<byte>(checked(rows * width * channels));
        ForEachRow(rows, width * channels, row =>
        {
            var input = source.Span.Slice(row * sourceWidth * channels, sourceWidth * channels);
            var output = result.AsSpan(row * width * channels, width * channels);
            if (channels == 3)
            {
                ResizeRowOfThree(input, output, weights);
            }
            else
            {
                ResizeRow(input, output, channels, weights);
            }
        }, cancellationToken);
        return result;
    }

    private static void ResizeRowOfThree(ReadOnlySpan<byte> input, Span<byte> output, AxisWeights weights)
    {
        for (var x = 0; x < output.Length / 3; x++)
        {
            var taps = weights.At(x, out var first);
            var window = input.Slice(first * 3, taps.Length * 3);
            int red = Half, green = Half, blue = Half;
            foreach (var tap in taps)
            {
                red += window[0] * tap;
                green += window[1] * tap;
                blue += window[2] * tap;
                window = window[3..];
            }

            var pixel = output.Slice(x * 3, 3);
            pixel[0] = ToByte(red);
            pixel[1] = ToByte(green);
            pixel[2] = ToByte(blue);
        }
    }

    private static void ResizeRow(ReadOnlySpan<byte> input, Span<byte> output, int channels, AxisWeights weights)
    {
        for (var i = 0; i < output.Length; i++)
        {
            var taps = weights.At(i / channels, out var first);
            var sum = Half;
            for (var t = 0; t < taps.Length; t++)
            {
                sum += input[((first + t) * channels) + (i % channels)] * taps[t];
            }

            output[i] = ToByte(sum);
        }
    }

    private static byte[] ResizeColumns(
        ReadOnlyMemory<byte> source, int stride, int height, AxisWeights weights, CancellationToken cancellationToken)
    {
        var result = GC.AllocateUninitializedArray<byte>(checked(stride * height));
        ForEachRow(height, stride, row =>
        {
            var taps = weights.At(row, out var first);
            BlendRows(source.Span.Slice(first * stride, taps.Length * stride), result.AsSpan(row * stride, stride), taps);
        }, cancellationToken);
        return result;
    }

    private static void BlendRows(ReadOnlySpan<byte> rows, Span<byte> output, ReadOnlySpan<int> taps)
    {
        var stride = output.Length;
        var i = 0;
        for (; i <= stride - Vector<byte>.Count; i += Vector<byte>.Count)
        {
            Vector<int> a = new(Half), b = a, c = a, d = a;
            for (var t = 0; t < taps.Length; t++)
            {
                var tap = new Vector<int>(taps[t]);
                Vector.Widen(new Vector<byte>(rows[((t * stride) + i)..]), out var low, out var high);
                Vector.Widen(low, out var w, out var x);
                Vector.Widen(high, out var y, out var z);
                a += Vector.AsVectorInt32(w) * tap;
                b += Vector.AsVectorInt32(x) * tap;
                c += Vector.AsVectorInt32(y) * tap;
                d += Vector.AsVectorInt32(z) * tap;
            }

            Vector.Narrow(Vector.Narrow(ToBytes(a), ToBytes(b)), Vector.Narrow(ToBytes(c), ToBytes(d))).CopyTo(output[i..]);
        }

        for (; i < stride; i++)
        {
            var sum = Half;
            for (var t = 0; t < taps.Length; t++)
            {
                sum += rows[(t * stride) + i] * taps[t];
            }

            output[i] = ToByte(sum);
        }
    }

    private static byte ToByte(int sum) => (byte)Math.Clamp(sum >> AxisWeights.FractionBits, 0, 255);

    private static Vector<uint> ToBytes(Vector<int> sums) =>
        Vector.AsVectorUInt32(
            Vector.Min(Vector.Max(Vector.ShiftRightArithmetic(sums, AxisWeights.FractionBits), Vector<int>.Zero), new Vector<int>(255)));

    private static void ForEachRow(int rows, int rowBytes, Action<int> resize, CancellationToken cancellationToken)
    {
        // A thread is worth its start from about this many output bytes on.
        const int BytesPerThread = 1 << 16;
        var threads = Math.Clamp((int)((long)rows * rowBytes / BytesPerThread), 1, Math.Min(Environment.ProcessorCount, MaximumThreads));
        Parallel.For(0, rows, new ParallelOptions { MaxDegreeOfParallelism = threads, CancellationToken = cancellationToken }, resize);
    }
}
