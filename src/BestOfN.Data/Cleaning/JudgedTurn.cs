namespace BestOfN.Data.Cleaning;

/// <summary>An answer of a record with its score.</summary>
/// <param name="Turn">Number of the answer in its record.</param>
/// <param name="Bin">Its length bin.</param>
/// <param name="Score">Its score.</param>
/// <param name="Z">How far the score is from those of its source and length.</param>
internal readonly record struct JudgedTurn(int Turn, byte Bin, float Score, double Z);
