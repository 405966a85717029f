namespace BestOfN.Data.Cleaning;

/// <summary>A record as it stands in its file.</summary>
/// <param name="Before">What stands between it and the record before: a separator, blank lines. Valid until the next piece is read.</param>
/// <param name="Content">The record itself; of JSON lines with its line's end. Valid until the next piece is read.</param>
internal readonly record struct CorpusPiece(ReadOnlyMemory<byte> Before, ReadOnlyMemory<byte> Content);
