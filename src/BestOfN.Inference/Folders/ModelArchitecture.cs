using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Weights;

namespace BestOfN.Inference.Folders;

/// <summary>Tells from config.json alone whether a folder can be loaded; quick, for hosts that check their settings.</summary>
public static class ModelArchitecture
{
    /// <param name="folder">An existing folder.</param>
    /// <param name="isRewardModel">Whether it is to be loaded as a reward model; else as a generator.</param>
    /// <returns>The mistake; null if the architecture is a known one of that kind.</returns>
    public static string? Problem(string folder, bool isRewardModel)
    {
        try
        {
            var configuration = ModelConfiguration.Load(folder);
            DecoderFamilies.Of(configuration, isRewardModel ? NetworkLoader.RewardModels : NetworkLoader.LanguageModels)
                .Read(configuration);
            return null;
        }
        catch (Exception exception) when (exception is CheckpointException or IOException or UnauthorizedAccessException)
        {
            return exception.Message.ReplaceLineEndings(" ");
        }
    }
}
