using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BestOfN.Inference.Folders;
using BestOfN.Inference.Weights;
using BestOfN.Inputs.Files;
using BestOfN.Training.Recipes;

namespace BestOfN.Training.Preference;

/// <summary>Writes a trained network as a reward model in the published layout: the base's files, its tensors or what became of them, and the score.</summary>
/// <remarks>
/// Every tensor keeps the type it had in the base, so that frozen ones are the same bytes. The language head is left out, as are the low-rank sets
/// for tasks that scoring has no part in. The folder appears whole or not at all: it is written beside its place and moved there at the end.
/// </remarks>
internal static class RewardFolder
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true };
    private static readonly string[] s_leftOut = [".lora_sft_", ".lora_dpo_", ".lora_web_"];

    /// <summary>Whether a result could be written: nothing that is there is written over.</summary>
    public static bool IsFree(string output) => !File.Exists(output) && !(Directory.Exists(output) && Directory.EnumerateFileSystemEntries(output).Any());

    /// <param name="network">What was trained.</param>
    /// <param name="output">A folder that does not exist or is empty.</param>
    /// <param name="maximumTiles">hd_num of the training, for whoever scores with the model.</param>
    /// <param name="cancellationToken">Ends the writing; nothing stays.</param>
    public static void Write(TrainableNetwork network, string output, int maximumTiles, CancellationToken cancellationToken)
    {
        if (!IsFree(output))
        {
            throw new RecipeException($"output: {output}: expected a folder that does not exist or is empty.");
        }

        output = Path.TrimEndingDirectorySeparator(Path.GetFullPath(output));
        var part = output + ".part";
        if (Directory.Exists(part))
        {
            Directory.Delete(part, recursive: true);   // of a training that was killed while it wrote
        }

        Directory.CreateDirectory(part);
        try
        {
            var weights = Path.Combine(part, Checkpoint.Safetensors);
            SafetensorsWriter.Write(weights, Items(network), item => network.Trained(item.Name), cancellationToken: cancellationToken);
            CopyOthers(network, part, maximumTiles);
            if (Directory.Exists(output))
            {
                Directory.Delete(output);
            }

            Directory.Move(part, output);
        }
        catch
        {
            Directory.Delete(part, recursive: true);
            throw;
        }
    }

    private static List<SafetensorsItem> Items(TrainableNetwork network)
    {
        var language = network.LanguageModel.Select(p => p.Key).ToHashSet();
        var items = network.Checkpoint.Entries
            .Where(e => language.Contains(e.Name) || (e.Name is not ("output.weight" or "score.weight") && !Array.Exists(s_leftOut, l => e.Name.Contains(l, StringComparison.Ordinal))))
            .Select(e => new SafetensorsItem(e.Name, e.Type, e.Shape))
            .ToList();
        var embedding = network.Checkpoint.Find(network.LanguageModel[0].Key)!;
        items.Add(new SafetensorsItem("score.weight", embedding.Type, [1, network.Configuration.HiddenSize]));
        return items;
    }

    private static void CopyOthers(TrainableNetwork network, string folder, int maximumTiles)
    {
        foreach (var path in CheckpointConversion.FilesToCopy(network.Checkpoint.Folder))
        {
            var name = Path.GetFileName(path);
            if (name == "config.json")
            {
                var config = JsonNode.Parse(RegularFile.ReadAllBytes(path, CheckpointConversion.MaxCopiedBytes))!.AsObject();
                config["reward_token_id"] = network.RewardTokenId;
                config["hd_num"] = maximumTiles;
                File.WriteAllText(Path.Combine(folder, name), config.ToJsonString(s_json) + "\n", new UTF8Encoding(false));
            }
            else
            {
                File.WriteAllBytes(Path.Combine(folder, name), RegularFile.ReadAllBytes(path, CheckpointConversion.MaxCopiedBytes));   // not File.Copy, which would keep a read-only mode
            }
        }
    }
}
