namespace BestOfN.Gateway.Tests;

/// <summary>A small random model of the InternLM-XComposer2.5 architecture.</summary>
internal static class SeeingModel
{
    /// <summary>It as a reward model, with a picture of two by three tiles, <c>image_0.png</c>.</summary>
    public static string RewardFolder { get; } = Path.Combine(AppContext.BaseDirectory, "Golden", "image-2x3");
}
