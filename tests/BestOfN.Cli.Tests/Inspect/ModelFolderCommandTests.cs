using System.CommandLine;
using System.Text.Json;
using BestOfN.Cli.Convert;
using BestOfN.Cli.Hosting;
using BestOfN.Cli.Inspect;
using Spectre.Console;

namespace BestOfN.Cli.Tests.Inspect;

public sealed class ModelFolderCommandTests : IDisposable
{
    private static readonly string s_golden = Path.Combine(AppContext.BaseDirectory, "Golden", "ixc25-reward", "torch-bin-bf16");

    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-folder-").FullName;
    private readonly StringWriter _out = new();
    private readonly StringWriter _error = new();

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task A_folder_that_loads_exits_with_0_and_is_described_in_lines_or_JSON()
    {
        Assert.Equal(0, await RunAsync("inspect", s_golden));
        Assert.Contains("torch.save archive, 3 files", _out.ToString(), StringComparison.Ordinal);
        _out.GetStringBuilder().Clear();
        Assert.Equal(0, await RunAsync("inspect", s_golden, "--json"));
        using var json = JsonDocument.Parse(_out.ToString());
        Assert.Equal("reward", json.RootElement.GetProperty("kind").GetString());
        Assert.Equal(3, json.RootElement.GetProperty("decoder").GetProperty("layers").GetInt32());
    }

    [Fact]
    public async Task Which_kernels_compute_a_model_here_is_told_when_asked()
    {
        Assert.Equal(0, await RunAsync("inspect", s_golden, "--kernels"));
        Assert.Matches(@"repeatable +within 0\.(1|0001)\b", _out.ToString());
        Assert.Contains("products: ", _out.ToString(), StringComparison.Ordinal);
        _out.GetStringBuilder().Clear();
        Assert.Equal(0, await RunAsync("inspect", s_golden, "--kernels", "--json"));
        using var json = JsonDocument.Parse(_out.ToString());
        Assert.NotEqual(0, json.RootElement.GetProperty("computation").GetProperty("kernels").GetArrayLength());
    }

    [Fact]
    public async Task A_folder_that_does_not_load_exits_with_1_and_says_why()
    {
        Assert.Equal(1, await RunAsync("inspect", _folder));
        Assert.Contains("config.json: the file does not exist", _out.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, await RunAsync("inspect", Path.Combine(_folder, "absent")));
    }

    [Fact]
    public async Task What_a_folder_says_cannot_steer_the_terminal()
    {
        File.WriteAllText(Path.Combine(_folder, "config.json"), """{"architectures": ["\u001b[2J\u001b]0;owned\u0007"]}""");
        File.WriteAllText(Path.Combine(_folder, "model.safetensors.index.json"), """{"weight_map": {"a": "\u001b[31m/x"}}""");
        Assert.Equal(1, await RunAsync("inspect", _folder));
        Assert.Equal(1, await RunAsync("convert", "--model", _folder, "--output", Path.Combine(_folder, "\u001b[1mnew")));
        Assert.Equal(0, await RunAsync("convert", "--model", s_golden, "--output", Path.Combine(_folder, "\u001b[1mnew")));
        Assert.Contains("owned", _out.ToString(), StringComparison.Ordinal);
        Assert.DoesNotContain('\u001b', _out.ToString() + _error);
        Assert.DoesNotContain('\a', _out.ToString() + _error);
    }

    [Fact]
    public async Task A_converted_folder_loads_and_is_not_overwritten()
    {
        var output = Path.Combine(_folder, "new");
        string[] convert = ["convert", "--model", s_golden, "--output", output, "--dtype", "float32", "--shard-size", "0.0001"];
        Assert.Equal(0, await RunAsync(convert));
        Assert.Matches(
            "new: [0-9]+ tensors, [0-9]+ bytes, in 3 safetensors files; floating-point weights are float32; copied .*config.json",
                _out.ToString());
        Assert.Equal(0, await RunAsync("inspect", output));
        Assert.Contains("safetensors, 3 files", _out.ToString(), StringComparison.Ordinal);
        Assert.Equal(1, await RunAsync(convert));
        Assert.Contains("does not exist or is empty", _error.ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_folder_becomes_a_gguf_file_with_its_head_beside_it()
    {
        var file = Path.Combine(_folder, "model.gguf");
        Assert.Equal(0, await RunAsync("convert", s_golden, file, "--type", "q8_0"));
        Assert.Contains("model.gguf: ", _out.ToString(), StringComparison.Ordinal);
        Assert.Contains("q8_0; the reward head is in ", _out.ToString(), StringComparison.Ordinal);
        Assert.Equal("GGUF"u8, File.ReadAllBytes(file).AsSpan(0, 4));
        Assert.True(File.Exists(Path.Combine(_folder, "model.head.safetensors")));
        Assert.Equal(1, await RunAsync("convert", s_golden, file));
        Assert.Contains("expected a file that does not exist", _error.ToString(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no/such/folder", "out.gguf")]
    [InlineData("GOLDEN")]
    [InlineData("GOLDEN", "out.bin")]
    [InlineData("GOLDEN", "out.gguf", "--type", "q3_k")]
    [InlineData("GOLDEN", "out.gguf", "--dtype", "float32")]
    [InlineData("--model", "GOLDEN")]
    [InlineData("--model", "GOLDEN", "--output", "new", "--type", "f32")]
    public async Task Words_of_convert_that_do_not_belong_together_exit_with_2(params string[] words) =>
        Assert.Equal(2, await RunAsync(["convert", .. words.Select(w => w == "GOLDEN" ? s_golden : w)]));

    [Theory]
    [InlineData("--dtype", "int8")]
    [InlineData("--shard-size", "0")]
    public async Task A_value_that_does_not_exist_exits_with_2(params string[] options) =>
        Assert.Equal(2, await RunAsync(["convert", "--model", s_golden, "--output", _folder, .. options]));

    private Task<int> RunAsync(params string[] args)
    {
        var terminal = new CommandTerminal(Console(_out), Console(_error));
        var root = new RootCommand { InspectCommand.Create(terminal), ConvertCommand.Create(terminal) };
        return CommandRunner.RunAsync(root, args, terminal, TestContext.Current.CancellationToken);

        static IAnsiConsole Console(TextWriter writer) =>
            AnsiConsole.Create(new() { Ansi = AnsiSupport.No, Out = new AnsiConsoleOutput(writer) });
    }
}
