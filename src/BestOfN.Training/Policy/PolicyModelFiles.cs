using BestOfN.Inference.Weights;
using BestOfN.Training.Loops;

namespace BestOfN.Training.Policy;

/// <summary>Writes a trained policy as a model folder: the files that it started from, with its tensors as they are now.</summary>
/// <remarks>Every tensor keeps the type that it had, so that frozen ones are the same bytes; low-rank changes are merged.</remarks>
internal static class PolicyModelFiles
{
    public static void Write(PolicyNetwork policy, string folder, int? hdNum, CancellationToken cancellationToken)
    {
        var items = policy.Checkpoint.Entries.Select(e => new SafetensorsItem(e.Name, e.Type, e.Shape)).ToArray();
        SafetensorsWriter.Write(
            Path.Combine(folder, Checkpoint.Safetensors), items, item => policy.Trained(item.Name), cancellationToken: cancellationToken);
        ModelFolder.CopyOthers(policy.Checkpoint.Folder, folder, config =>
        {
            if (hdNum is { } tiles)
            {
                config["hd_num"] = tiles;
            }
        });
    }
}
