using BestOfN.Inference.Folders;
using BestOfN.Inference.Runtime;

namespace BestOfN.Gateway.InProcess;

/// <summary>What can be said of a model folder before it is loaded.</summary>
internal static class ModelFolder
{
    /// <returns>Why no model of this kind can come from the folder; null if nothing is known against it, or if there is no such
    /// folder.</returns>
    public static string? Problem(string path, IHostEnvironment environment, bool isRewardModel)
    {
        var folder = Path.GetFullPath(path, environment.ContentRootPath);
        if (path.Length == 0 || !Directory.Exists(folder))
        {
            return null;
        }

        try
        {
            TorchRuntime.Load();
            return ModelArchitecture.Problem(folder, isRewardModel);
        }
        catch (TorchRuntimeException exception)
        {
            return $"no model can be computed here. {exception.Message}";
        }
    }
}
