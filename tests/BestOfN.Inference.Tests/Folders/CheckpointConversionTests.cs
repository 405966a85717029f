using System.Text.Json;
using BestOfN.Inference.Folders;
using BestOfN.Inference.Networks.Families;
using BestOfN.Inference.Runtime;
using BestOfN.Inference.Tests.Scoring;
using BestOfN.Inference.Tests.Weights;
using BestOfN.Inference.Weights;
using BestOfN.Testing;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Folders;

[Collection(NativeMemory.Name)]
public sealed class CheckpointConversionTests : IDisposable
{
    private static readonly string s_golden = GoldenFiles.Folder("ixc25-reward/torch-bin-bf16");

    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-convert-").FullName;

    private string Output => Path.Combine(_folder, "converted");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_published_folder_loads_and_gives_the_expected_rewards()
    {
        using var guard = inference_mode();
        using var scope = NewDisposeScope();
        using var network = NetworkLoader.RewardNetwork(s_golden, ScalarType.Float32, CPU);
        foreach (var sample in GoldenFiles.Read("ixc25-reward/torch-bin-bf16", "expected.json").GetProperty("samples").EnumerateArray())
        {
            int[] ids = [.. GoldenFiles.Ids(sample).Select(i => (int)i)];
            Assert.Equal(sample.GetProperty("reward").GetSingle(), ReferenceScores.AtLast(network, ids), 1e-4f);
        }
    }

    [Theory]
    [InlineData(1_000_000, 1)]
    [InlineData(40_000, 4)]
    public void A_converted_model_has_the_same_weights_and_scores(long shardLength, int files)
    {
        using var guard = inference_mode();
        using var scope = NewDisposeScope();
        Convert(type: null, shardLength);

        Assert.Equal(files, Directory.GetFiles(Output, "*.safetensors").Length);
        Assert.Equal(files > 1, File.Exists(Path.Combine(Output, "model.safetensors.index.json")));
        using var before = NetworkLoader.RewardNetwork(s_golden, ScalarType.BFloat16, CPU);
        using var after = NetworkLoader.RewardNetwork(Output, ScalarType.BFloat16, CPU);
        int[] ids = [1, 5, 287, 452, 475, 2, 3];
        Assert.Equal(
            ReferenceScores.AtLast(before, ids), ReferenceScores.AtLast(after, ids), (float)ComputeTypes.Tolerance(ScalarType.BFloat16));
        using var old = Checkpoint.Open(s_golden);
        using var copy = Checkpoint.Open(Output);
        Assert.Equal(old.Entries.Select(e => e.Name).Order(), copy.Entries.Select(e => e.Name).Order());
        Assert.All(old.Entries, e => Assert.True(Floats(old, e).SequenceEqual(Floats(copy, e)), e.Name));
    }

    [Theory]
    [InlineData(ScalarType.Float32)]
    [InlineData(ScalarType.Float16)]
    public void Weights_and_the_type_in_the_configuration_change_together(ScalarType type)
    {
        using var scope = NewDisposeScope();
        Convert(type, 1_000_000);
        using var checkpoint = Checkpoint.Open(Output);
        Assert.All(checkpoint.Entries, e => Assert.Equal(type, e.Type));
        using var configuration = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Output, "config.json")));
        Assert.Equal(type.ToString().ToLowerInvariant(), configuration.RootElement.GetProperty("torch_dtype").GetString());
    }

    [Theory]
    [InlineData(1e5f, ScalarType.Float16)]
    [InlineData(-3.4e38f, ScalarType.BFloat16)]
    public void A_number_that_the_new_type_does_not_hold_is_an_error_that_names_the_tensor(float number, ScalarType type)
    {
        using var folder = new CheckpointFolder("llama-seqcls/plain");
        var bytes = File.ReadAllBytes(folder.Weights);
        BitConverter.TryWriteBytes(bytes.AsSpan(^4), number);
        File.WriteAllBytes(folder.Weights, bytes);
        using var opened = Checkpoint.Open(folder.Path);
        var last = opened.Entries.MaxBy(e => e.Offset)!.Name;
        using var conversion = CheckpointConversion.Open(folder.Path, type, 1 << 30);
        var error = Assert.Throws<CheckpointException>(() => conversion.Write(Output, null, TestContext.Current.CancellationToken));
        Assert.Contains($"tensor {last}: ", error.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Fact]
    public void Configuration_and_tokenizer_come_along_and_old_weights_and_indices_do_not()
    {
        Convert(null, 1_000_000);
        string[] names = [.. Directory.GetFiles(Output).Select(f => Path.GetFileName(f)!).Order(StringComparer.Ordinal)];
        Assert.Equal(["config.json", "expected.json", "inputs.json", "model.safetensors", "tokenizer.model"], names);
        Assert.Equal(File.ReadAllBytes(Path.Combine(s_golden, "config.json")), File.ReadAllBytes(Path.Combine(Output, "config.json")));
    }

    [Fact]
    public void An_output_folder_that_is_not_empty_is_not_touched()
    {
        Directory.CreateDirectory(Output);
        File.WriteAllText(Path.Combine(Output, "mine.txt"), "mine");
        var error = Assert.Throws<CheckpointException>(() => Convert(null, 1_000_000));
        Assert.Contains("does not exist or is empty", error.Message, StringComparison.Ordinal);
        Assert.Equal("mine.txt", Path.GetFileName(Assert.Single(Directory.GetFileSystemEntries(Output))));
    }

    [Fact]
    public void A_conversion_that_is_stopped_leaves_nothing()
    {
        using var stop = new CancellationTokenSource();
        using var conversion = CheckpointConversion.Open(s_golden, null, 40_000);
        Assert.ThrowsAny<OperationCanceledException>(() => conversion.Write(Output, new Stopping(stop, 60_000), stop.Token));
        Assert.Empty(Directory.GetFileSystemEntries(_folder));
    }

    [Theory]
    [InlineData("/etc/passwd")]
    [InlineData("../outside/secret.txt")]
    [InlineData("inner/secret.txt")]
    [InlineData("/dev/zero")]
    public void A_link_out_of_the_folder_is_not_followed(string target)
    {
        var source = CopyOfGolden("source");
        Directory.CreateDirectory(Path.Combine(_folder, "outside"));
        File.WriteAllText(Path.Combine(_folder, "outside", "secret.txt"), "secret");
        Directory.CreateSymbolicLink(Path.Combine(source, "inner"), Path.Combine(_folder, "outside"));
        File.CreateSymbolicLink(Path.Combine(source, "notes.txt"), target);

        using var conversion = CheckpointConversion.Open(source, null, 1_000_000);
        var error = Assert.Throws<CheckpointException>(() => conversion.Write(Output, null, TestContext.Current.CancellationToken));
        Assert.Contains("notes.txt", error.Message, StringComparison.Ordinal);
        Assert.False(Path.Exists(Output));
        Assert.False(Path.Exists(Output + ".part"));
    }

    [Fact]
    public void A_folder_of_links_into_a_download_cache_is_converted()
    {
        var blobs = CopyOfGolden(Path.Combine("models--a--b", "blobs"));
        var snapshot = Directory.CreateDirectory(Path.Combine(_folder, "models--a--b", "snapshots", "0123")).FullName;
        foreach (var file in Directory.GetFiles(blobs))
        {
            File.CreateSymbolicLink(
                Path.Combine(snapshot, Path.GetFileName(file)), Path.Combine("..", "..", "blobs", Path.GetFileName(file)));
        }

        using var conversion = CheckpointConversion.Open(snapshot, null, 1_000_000);
        conversion.Write(Output, null, TestContext.Current.CancellationToken);
        Assert.Equal(File.ReadAllBytes(Path.Combine(s_golden, "config.json")), File.ReadAllBytes(Path.Combine(Output, "config.json")));
        Assert.Null(new FileInfo(Path.Combine(Output, "config.json")).LinkTarget);
    }

    [Fact]
    public void A_number_too_large_for_the_new_type_names_the_model_and_the_tensor_and_one_too_small_is_counted()
    {
        using var folder = new CheckpointFolder();
        folder.WriteWeights(
            """{"large":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"small":{"dtype":"F32","shape":[4],"data_offsets":[8,24]}}""",
            [.. new[] { 1f, 2f, 1e-9f, 0f, 1f, -1e-9f }.SelectMany(BitConverter.GetBytes)]);
        using (var conversion = CheckpointConversion.Open(folder.Path, ScalarType.Float16, 1_000_000))
        {
            conversion.Write(Output, null, TestContext.Current.CancellationToken);
            Assert.Equal(2, conversion.Vanished);
        }

        folder.WriteWeights(
            """{"large":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}}""", [.. new[] { 1f, 1e5f }.SelectMany(BitConverter.GetBytes)]);
        using (var conversion = CheckpointConversion.Open(folder.Path, ScalarType.Float16, 1_000_000))
        {
            var error = Assert.Throws<CheckpointException>(
                () => conversion.Write(Output + "2", null, TestContext.Current.CancellationToken));
            Assert.Equal($"{folder.Path}: tensor large: it has a number that is too large for float16.", error.Message);
        }
    }

    private string CopyOfGolden(string name)
    {
        var copy = Directory.CreateDirectory(Path.Combine(_folder, name)).FullName;
        foreach (var file in Directory.GetFiles(s_golden))
        {
            File.Copy(file, Path.Combine(copy, Path.GetFileName(file)));
        }

        return copy;
    }

    private void Convert(ScalarType? type, long shardLength)
    {
        using var conversion = CheckpointConversion.Open(s_golden, type, shardLength);
        conversion.Write(Output, null, TestContext.Current.CancellationToken);
    }

    private static float[] Floats(Checkpoint checkpoint, TensorEntry entry)
    {
        using var scope = NewDisposeScope();
        return checkpoint.Take(entry.Name, [.. entry.Shape], ScalarType.Float32, CPU).data<float>().ToArray();
    }

    private sealed class Stopping(CancellationTokenSource stop, long after) : IProgress<long>
    {
        public void Report(long value)
        {
            if (value > after)
            {
                stop.Cancel();
            }
        }
    }
}
