using System.Globalization;
using BestOfN.Fuzz;
using BestOfN.Fuzz.Readers;

FuzzOptions options;
try
{
    options = FuzzOptions.Parse(args);
}
catch (FormatException e)
{
    Console.Error.WriteLine(e.Message);
    Console.Error.WriteLine(FuzzOptions.Usage);
    return 2;
}

FuzzReader[] readers = [.. AllReaders.Create().Where(r => options.Reader is null || r.Name == options.Reader)];
if (readers.Length == 0 || options.Lists)
{
    Console.WriteLine(string.Join('\n', AllReaders.Create().Select(r => r.Name)));
    return options.Lists ? 0 : 2;
}

Directory.CreateDirectory(options.Output);
if (options.Case is { } number)
{
    var input = readers[0].Make(options.Seed, number);
    File.WriteAllBytes(Path.Combine(options.Output, "case.bin"), input);
    readers[0].Run(input);
    Console.WriteLine($"{readers[0].Name}: case {number} ends well.");
    return 0;
}

if (options.IsChild)
{
    return CaseRunner.Run(readers[0], options);
}

var failed = 0;
foreach (var reader in readers)
{
    failed += ReaderProcess.Run(reader, options) ? 0 : 1;
}

Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{readers.Length - failed} readers passed, {failed} failed"));
return failed == 0 ? 0 : 1;
