using BestOfN.Inference.Kernels;
using static TorchSharp.torch;

namespace BestOfN.Inference.Networks;

/// <summary>Which rows of a pass are parts of images: of the whole, and of each of the pieces it is cut into. Found once, used by every
/// layer.</summary>
/// <remarks>Its tensors belong to the dispose scope it is made in.</remarks>
internal sealed class ImageRows
{
    private readonly long[] _rows;
    private readonly Device _device;
    private readonly ComputeMode _mode;
    private readonly long _pieceRows;
    private readonly RowSelection[] _pieces;

    /// <param name="rows">Ascending, each once.</param>
    /// <param name="total">Rows of the pass.</param>
    /// <param name="device">Where the network runs.</param>
    /// <param name="mode">What the network is for.</param>
    private ImageRows(long[] rows, long total, Device device, ComputeMode mode)
    {
        (_rows, _device, _mode) = (rows, device, mode);
        All = Select(0, total);
        _pieceRows = Operators.PieceRows(total);
        _pieces = mode == ComputeMode.Training ? []
            : [.. Enumerable.Range(0, (int)((total + _pieceRows - 1) / _pieceRows))
                .Select(i => Select(i * _pieceRows, Math.Min(_pieceRows, total - (i * _pieceRows))))];
    }

    public RowSelection All { get; }

    /// <summary>The rows of a pass's images; null where there are none, so that text pays nothing.</summary>
    /// <exception cref="ArgumentException">Rows that do not ascend, or lie outside of the pass.</exception>
    public static ImageRows? Of(ImageTokens? images, long total, ComputeMode mode)
    {
        if (images is null || images.Rows.NumberOfElements == 0)
        {
            return null;
        }

        var rows = Read(images.Rows);
        for (var i = 0; i < rows.Length; i++)
        {
            if (rows[i] < 0 || rows[i] >= total || (i > 0 && rows[i] <= rows[i - 1]))
            {
                throw new ArgumentException(
                    $"Expected ascending rows of pictures in 0..{total - 1}, found {rows[i]} at {i}.", nameof(images));
            }
        }

        return new ImageRows(rows, total, images.Rows.device, mode);
    }

    /// <summary>The same among the rows of a pass that are wanted: row i of the result is row <c>wanted[i]</c> here.</summary>
    public ImageRows Among(Tensor wanted)
    {
        var asked = Read(wanted);
        return new ImageRows(
            [.. Enumerable.Range(0, asked.Length).Where(i => Array.BinarySearch(_rows, asked[i]) >= 0).Select(i => (long)i)], asked.Length,
            _device, _mode);
    }

    /// <summary>Those of the piece that begins at <paramref name="first"/>, counted from there. In inference only.</summary>
    public RowSelection Piece(long first) => _pieces[first / _pieceRows];

    private static long[] Read(Tensor rows)
    {
        using var here = rows.cpu();
        return here.data<long>().ToArray();
    }

    private RowSelection Select(long first, long count)
    {
        var (from, to) = (At(first), At(first + count));
        var parts = new List<(long First, long Count)>();
        foreach (var row in _rows.AsSpan(from, to - from))
        {
            if (parts.Count > 0 && parts[^1] is var (start, length) && start + length == row - first)
            {
                parts[^1] = (start, length + 1);
            }
            else
            {
                parts.Add((row - first, 1));
            }
        }

        if (_mode == ComputeMode.Inference || from == to || to - from == count)
        {
            return new RowSelection(to - from, parts);
        }

        var mask = new float[count];
        foreach (var row in _rows.AsSpan(from, to - from))
        {
            mask[row - first] = 1;
        }

        return new RowSelection(to - from, parts, tensor(mask, device: _device).unsqueeze(1));
    }

    // How many rows lie before this one.
    private int At(long row)
    {
        var at = Array.BinarySearch(_rows, row);
        return at < 0 ? ~at : at;
    }
}
