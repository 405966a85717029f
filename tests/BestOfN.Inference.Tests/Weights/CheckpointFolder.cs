using System.Buffers.Binary;
using System.Text;
using System.Text.Json.Nodes;
using BestOfN.Testing;

namespace BestOfN.Inference.Tests.Weights;

/// <summary>A model folder to be spoilt: a copy of a tiny published one, in the temporary folder.</summary>
internal sealed class CheckpointFolder : IDisposable
{
    public CheckpointFolder(string golden = "qwen3-seqcls/plain")
    {
        Directory.CreateDirectory(Path);
        foreach (var name in (string[])["config.json", "model.safetensors"])
        {
            System.IO.File.Copy(System.IO.Path.Combine(GoldenFiles.Folder(golden), name), File(name));
        }
    }

    public string Path { get; } = System.IO.Path.Combine(
        System.IO.Path.GetTempPath(), "bestofn-checkpoint-" + Guid.NewGuid().ToString("N"));

    public string Weights => File("model.safetensors");

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void ChangeConfiguration(Action<JsonObject> change)
    {
        var root = JsonNode.Parse(System.IO.File.ReadAllBytes(File("config.json")))!.AsObject();
        change(root);
        System.IO.File.WriteAllText(File("config.json"), root.ToJsonString());
    }

    /// <summary>Rewrites the header; the data stay.</summary>
    public void ChangeHeader(Action<JsonObject> change) => ChangeHeaderText(text =>
    {
        var root = JsonNode.Parse(text)!.AsObject();
        change(root);
        return root.ToJsonString();
    });

    public void ChangeHeaderText(Func<string, string> change)
    {
        var bytes = System.IO.File.ReadAllBytes(Weights);
        var length = (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes);
        WriteWeights(change(Encoding.UTF8.GetString(bytes, 8, length)), bytes[(8 + length)..]);
    }

    public void WriteWeights(string header, byte[] data, string name = "model.safetensors", ulong? claimedLength = null)
    {
        var text = Encoding.UTF8.GetBytes(header);
        var prefix = new byte[8];
        BinaryPrimitives.WriteUInt64LittleEndian(prefix, claimedLength ?? (ulong)text.Length);
        System.IO.File.WriteAllBytes(File(name), [.. prefix, .. text, .. data]);
    }

    /// <summary>Turns the single file into a shard with an index.</summary>
    public void Shard(string shard, Action<JsonObject>? changeMap = null)
    {
        var bytes = System.IO.File.ReadAllBytes(Weights);
        var header = JsonNode.Parse(Encoding.UTF8.GetString(bytes, 8, (int)BinaryPrimitives.ReadUInt64LittleEndian(bytes)))!.AsObject();
        var map = new JsonObject();
        foreach (var (name, _) in header.Where(t => t.Key != "__metadata__"))
        {
            map[name] = shard;
        }

        changeMap?.Invoke(map);
        System.IO.File.WriteAllText(File("model.safetensors.index.json"), new JsonObject { ["weight_map"] = map }.ToJsonString());
        System.IO.File.Move(Weights, File("model-00001-of-00001.safetensors"));
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
