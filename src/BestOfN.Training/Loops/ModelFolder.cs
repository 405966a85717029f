using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using BestOfN.Inference.Folders;
using BestOfN.Inputs.Files;

namespace BestOfN.Training.Loops;

/// <summary>What a trained model takes over from the folder that it started from, besides weights.</summary>
internal static class ModelFolder
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true };

    /// <param name="from">The folder that was started from.</param>
    /// <param name="to">The folder to write.</param>
    /// <param name="change">Changes config.json.</param>
    public static void CopyOthers(string from, string to, Action<JsonObject> change)
    {
        foreach (var path in CheckpointConversion.FilesToCopy(from))
        {
            var (name, bytes) = (Path.GetFileName(path), RegularFile.ReadAllBytes(path, CheckpointConversion.MaxCopiedBytes));
            if (name == "config.json")
            {
                var config = JsonNode.Parse(bytes)!.AsObject();
                change(config);
                File.WriteAllText(Path.Combine(to, name), config.ToJsonString(s_json) + "\n", new UTF8Encoding(false));
            }
            else
            {
                File.WriteAllBytes(Path.Combine(to, name), bytes);   // not File.Copy, which would keep a read-only mode
            }
        }
    }
}
