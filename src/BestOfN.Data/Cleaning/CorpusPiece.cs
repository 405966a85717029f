namespace BestOfN.Data.Cleaning;

/// <summary>A record as it stands in its file. The memory is valid until the next piece is read.</summary>
/// <param name="Number">Its number in the file, from 0.</param>
/// <param name="Before">What stands between it and the record before: a separator, blank lines.</param>
/// <param name="Content">The bytes of the record; of JSON lines with its line's end, of a tar file with its headers.</param>
internal readonly record struct CorpusPiece(int Number, ReadOnlyMemory<byte> Before, ReadOnlyMemory<byte> Content)
{
    /// <summary>The record as JSON, where <see cref="Content"/> is something else.</summary>
    public ReadOnlyMemory<byte>? Converted { get; init; }

    /// <summary>Images that stand in the file itself, in order.</summary>
    public IReadOnlyList<CorpusImage> Images { get; init; } = [];

    /// <summary>The record as JSON.</summary>
    public ReadOnlyMemory<byte> Json => Converted ?? Content;
}
