namespace BestOfN.Data.Cleaning;

/// <summary>How much of the noise of one kind the rule finds.</summary>
/// <param name="Noise">The kind.</param>
/// <param name="Records">Records that were scored with it.</param>
/// <param name="Found">Those of them that the rule would drop.</param>
internal sealed record PlantedRecall(string Noise, int Records, int Found);
