using BestOfN.Inference.Weights;
using BestOfN.Testing;
using static TorchSharp.torch;

namespace BestOfN.Inference.Tests.Weights;

[Collection(NativeMemory.Name)]
public sealed class TorchArchiveFileTests : IDisposable
{
    private const string Golden = "ixc25-reward/torch-bin-bf16";

    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-torch-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void The_published_layout_of_three_shards_gives_the_tensors_that_were_saved()
    {
        using var scope = NewDisposeScope();
        using var checkpoint = Checkpoint.Open(GoldenFiles.Folder(Golden));
        var checks = GoldenFiles.Read(Golden, "expected.json").GetProperty("tensor_checks");
        Assert.NotEmpty(checks.EnumerateObject());
        foreach (var check in checks.EnumerateObject())
        {
            var shape = check.Value.GetProperty("shape").EnumerateArray().Select(e => e.GetInt64()).ToArray();
            Assert.Equal(shape, checkpoint.ShapeOf(check.Name));
            var tensor = checkpoint.Take(check.Name, shape, ScalarType.BFloat16, CPU);
            Assert.True(tensor.is_contiguous());
            Assert.Equal(GoldenFiles.Floats(check.Value.GetProperty("first4")),
                tensor.to(ScalarType.Float32).flatten().narrow(0, 0, 4).data<float>().ToArray());
            Assert.Equal(check.Value.GetProperty("sum").GetDouble(), tensor.to(ScalarType.Float64).sum().item<double>(), 1e-6);
        }
    }

    [Fact]
    public void A_storage_offset_and_transposed_strides_are_honoured()
    {
        using var scope = NewDisposeScope();
        using var checkpoint = Checkpoint.Open(GoldenFiles.Folder(Golden));
        var unusual = GoldenFiles.Read(Golden, "expected.json").GetProperty("unusual_layout");
        var transposed = checkpoint.Entries.Single(e => e.Name == unusual.GetProperty("transposed_strides").GetString());
        Assert.Equal([1, 64], transposed.Strides!);
        var offset = checkpoint.Entries.Single(e => e.Name == unusual.GetProperty("offset_view").GetString());
        Assert.Null(offset.Strides);

        // What lies elsewhere in the storages: five elements before the view, and columns where rows would be.
        var file = checkpoint.Files.Single(f => f.Tensors.ContainsKey(offset.Name));
        var before = file.Map(offset with { Offset = offset.Offset - 10 });
        Assert.NotEqual(Floats(before), Floats(file.Map(offset)));
        var rows = file.Map(transposed with { Strides = null, Shape = [8, 64] });
        Assert.Equal(Floats(rows.t()), Floats(checkpoint.Take(transposed.Name, [64, 8], ScalarType.BFloat16, CPU)));
        Assert.Equal(Floats(rows.t()), Floats(checkpoint.Take(transposed.Name, [64, 8], ScalarType.Float32, CPU)));
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(false, false)]
    [InlineData(true, true)]
    [InlineData(true, false)]
    public void An_archive_is_read_with_and_without_ZIP64_records_and_data_descriptors(bool zip64, bool descriptors)
    {
        var pickle = TorchPickle.Of(
            TorchPickle.Text("a"), TorchPickle.Tensor(TorchPickle.Storage("0", 6), 0, [2, 3], [3, 1]),
            TorchPickle.Text("b"), TorchPickle.Tensor(TorchPickle.Storage("0", 6), 1, [2, 2], [1, 3]),
            TorchPickle.Text("empty"), TorchPickle.Tensor(TorchPickle.Storage("1", 0), 0, [0], [1]),
            TorchPickle.Text("scalar"), TorchPickle.Tensor(TorchPickle.Storage("0", 6), 5, [], []));
        var archive = new TorchArchive { Zip64 = zip64, DataDescriptors = descriptors }
            .Add("data.pkl", pickle).Add("data/0", TorchArchive.Floats(0, 1, 2, 3, 4, 5))
            .Add("data/1", []).Add("version", "3\n"u8.ToArray());

        using var file = TorchArchiveFile.Open(Write(archive.ToArray()));

        Assert.Equal([0, 1, 2, 3, 4, 5], Values(file, "a"));
        Assert.Equal([1, 4, 2, 5], Values(file, "b"));
        Assert.Empty(Values(file, "empty"));
        Assert.Equal([5], Values(file, "scalar"));
    }

    [Fact]
    public void A_tensor_that_lies_beyond_four_gigabytes_is_read()
    {
        const long Hole = 5L << 30;
        var pickle = TorchPickle.Of(TorchPickle.Text("far"), TorchPickle.Tensor(TorchPickle.Storage("0", 2), 0, [2], [1]));
        var bytes = new TorchArchive { Zip64 = true }.Add("data.pkl", pickle).Add("data/0", TorchArchive.Floats(7, 8)).ToArray();
        var path = Path.Combine(_folder, "far.bin");
        using (var stream = File.Create(path))
        {
            // Everything moves behind a hole that takes no space; positions in the directory move with it.
            stream.Seek(Hole, SeekOrigin.Begin);
            stream.Write(Shifted(bytes, Hole));
        }

        using var file = TorchArchiveFile.Open(path);
        Assert.True(file.Tensors["far"].Offset > Hole);
        Assert.Equal([7, 8], Values(file, "far"));
    }

    [Fact]
    public void A_parameter_is_the_tensor_it_wraps()
    {
        var tensor = TorchPickle.Tensor(TorchPickle.Storage("0", 2), 0, [2], [1]);
        var parameter = TorchPickle.Call(
            TorchPickle.Global("torch._utils", "_rebuild_parameter"), TorchPickle.Tuple(tensor, [0x88], TorchPickle.NoHooks));
        var archive = new TorchArchive().Add("data.pkl", TorchPickle.Of(TorchPickle.Text("p"), parameter))
            .Add("data/0", TorchArchive.Floats(1, 2));
        using var file = TorchArchiveFile.Open(Write(archive.ToArray()));
        Assert.Equal([1, 2], Values(file, "p"));
    }

    [Fact]
    public void Plain_values_between_the_tensors_are_left_out()
    {
        var pickle = TorchPickle.Of(
            TorchPickle.Text("score.bias"), [(byte)'N'],
            TorchPickle.Text("global_step"), TorchPickle.Number(100),
            TorchPickle.Text("loss"), [(byte)'G', 0x3F, 0xF0, 0, 0, 0, 0, 0, 0],
            TorchPickle.Text("names"), [(byte)']', (byte)'(', .. TorchPickle.Text("a"), .. TorchPickle.Number(2), (byte)'e'],
            TorchPickle.Text("one"), [(byte)']', .. TorchPickle.Text("a"), (byte)'a'],
            TorchPickle.Text("version"), TorchPickle.Text("x"),
            TorchPickle.Text("t"), TorchPickle.Tensor(TorchPickle.Storage("0", 2), 0, [2], [1]));
        using var file = TorchArchiveFile.Open(
            Write(new TorchArchive().Add("data.pkl", pickle).Add("data/0", TorchArchive.Floats(1, 2)).ToArray()));
        Assert.Equal("t", Assert.Single(file.Tensors).Key);
        Assert.Equal([1, 2], Values(file, "t"));
    }

    [Theory]
    [InlineData("HalfStorage", ScalarType.Float16, 2)]
    [InlineData("BFloat16Storage", ScalarType.BFloat16, 2)]
    [InlineData("DoubleStorage", ScalarType.Float64, 8)]
    [InlineData("LongStorage", ScalarType.Int64, 8)]
    public void Every_storage_has_its_type(string storage, ScalarType type, int size)
    {
        var pickle = TorchPickle.Of(TorchPickle.Text("t"), TorchPickle.Tensor(TorchPickle.Storage("0", 3, storage), 0, [3], [1]));
        using var file = TorchArchiveFile.Open(
            Write(new TorchArchive().Add("data.pkl", pickle).Add("data/0", new byte[3 * size]).ToArray()));
        Assert.Equal(type, file.Tensors["t"].Type);
        Assert.Equal(3 * size, file.Tensors["t"].Length);
    }

    [Fact]
    public void Safetensors_come_before_archives_and_a_single_file_before_an_index()
    {
        foreach (var file in Directory.GetFiles(GoldenFiles.Folder(Golden)))
        {
            File.Copy(file, Path.Combine(_folder, Path.GetFileName(file)));
        }

        using (var checkpoint = Checkpoint.Open(_folder))
        {
            Assert.Equal(3, checkpoint.Files.Count);
        }

        File.Copy(Path.Combine(_folder, "pytorch_model-00003-of-00003.bin"), Path.Combine(_folder, "pytorch_model.bin"));
        using (var checkpoint = Checkpoint.Open(_folder))
        {
            Assert.EndsWith("pytorch_model.bin", Assert.Single(checkpoint.Files).Path, StringComparison.Ordinal);
        }

        SafetensorsWriter.Write(Path.Combine(_folder, "model.safetensors"), [], ScalarType.Float32);
        using (var checkpoint = Checkpoint.Open(_folder))
        {
            Assert.EndsWith("model.safetensors", Assert.Single(checkpoint.Files).Path, StringComparison.Ordinal);
        }
    }

    private static byte[] Shifted(byte[] archive, long by)
    {
        var bytes = archive.ToArray();
        for (var i = 0; i + 4 <= bytes.Length; i++)
        {
            switch (BitConverter.ToUInt32(bytes, i))
            {
                case 0x02014b50: Add(i + 46 + BitConverter.ToUInt16(bytes, i + 28) + 4 + 16); break;
                case 0x06064b50: Add(i + 48); break;
                case 0x07064b50: Add(i + 8); break;
            }
        }

        return bytes;

        void Add(int at) => BitConverter.TryWriteBytes(bytes.AsSpan(at), BitConverter.ToInt64(bytes, at) + by);
    }

    private static float[] Floats(Tensor tensor) => tensor.to(ScalarType.Float32).contiguous().data<float>().ToArray();

    private static float[] Values(TorchArchiveFile file, string name)
    {
        using var scope = NewDisposeScope();
        return file.Map(file.Tensors[name]).contiguous().data<float>().ToArray();
    }

    private string Write(byte[] archive)
    {
        var path = Path.Combine(_folder, Guid.NewGuid().ToString("N") + ".bin");
        File.WriteAllBytes(path, archive);
        return path;
    }
}
