using BestOfN.Inference.Weights;
using BestOfN.Training.Loops;

namespace BestOfN.Training.Preference;

/// <summary>
/// Writes a trained network as a reward model in the published layout: the base's files, its tensors as they are now, and the score.
/// </summary>
/// <remarks>
/// Every tensor keeps the type that it had in the base, so that frozen ones are the same bytes. The language head is left out, as are the
/// low-rank sets for tasks that have no part in scoring.
/// </remarks>
internal static class RewardModelFiles
{
    private static readonly string[] s_leftOut = [".lora_sft_", ".lora_dpo_", ".lora_web_"];

    /// <param name="network">What was trained.</param>
    /// <param name="folder">Where to.</param>
    /// <param name="maximumTiles">hd_num of the training, for those that score with the model.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    public static void Write(TrainableNetwork network, string folder, int maximumTiles, CancellationToken cancellationToken)
    {
        var path = Path.Combine(folder, Checkpoint.Safetensors);
        SafetensorsWriter.Write(path, Items(network), item => network.Trained(item.Name), cancellationToken: cancellationToken);
        ModelFolder.CopyOthers(network.Checkpoint.Folder, folder, config =>
        {
            config["reward_token_id"] = network.RewardTokenId;
            config["hd_num"] = maximumTiles;
        });
    }

    private static List<SafetensorsItem> Items(TrainableNetwork network)
    {
        var language = network.LanguageModel.Select(p => p.Key).ToHashSet();
        var items = network.Checkpoint.Entries
            .Where(e => language.Contains(e.Name)
                || (e.Name is not ("output.weight" or "score.weight")
                && !Array.Exists(s_leftOut, l => e.Name.Contains(l, StringComparison.Ordinal))))
            .Select(e => new SafetensorsItem(e.Name, e.Type, e.Shape))
            .ToList();
        var embedding = network.Checkpoint.Find(network.LanguageModel[0].Key)!;
        items.Add(new SafetensorsItem("score.weight", embedding.Type, [1, network.Configuration.HiddenSize]));
        return items;
    }
}
