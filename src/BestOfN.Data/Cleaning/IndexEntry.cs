using System.Runtime.InteropServices;

namespace BestOfN.Data.Cleaning;

/// <summary>What the index knows about a record, in 40 bytes.</summary>
/// <param name="Key">What the record says and shows; 0 for a record with a reason.</param>
/// <param name="ShardKey">Decides which shard the record belongs to.</param>
/// <param name="Source">Number of its source.</param>
/// <param name="FirstAnswer">Number of its first answer among all answers that have a score.</param>
/// <param name="DuplicateOf">The earlier record that says the same; -1: none.</param>
/// <param name="Reasons">A <see cref="DropReasons"/>.</param>
/// <param name="Answers">How many answers have a score.</param>
[StructLayout(LayoutKind.Sequential, Pack = 4)]
internal readonly record struct IndexEntry(
    UInt128 Key, ulong ShardKey, int Source, int FirstAnswer, int DuplicateOf, short Reasons, short Answers);
