namespace BestOfN.Data.Cleaning;

/// <summary>An answer of a record with its score.</summary>
internal readonly record struct JudgedTurn(int Record, short Turn, byte Bin, float Score);
