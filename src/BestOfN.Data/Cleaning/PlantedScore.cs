namespace BestOfN.Data.Cleaning;

/// <summary>The score of a record's first answer after noise was planted in it.</summary>
/// <param name="Record">The record.</param>
/// <param name="Noise">The kind.</param>
/// <param name="Bin">Length bin of the answer with the noise.</param>
/// <param name="Score">NaN: none.</param>
internal readonly record struct PlantedScore(int Record, string Noise, byte Bin, float Score);
