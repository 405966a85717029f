using System.Globalization;
using System.Text;

namespace BestOfN.Inputs.Templates;

/// <summary>Python's <c>strftime</c> in English.</summary>
internal static class StrfTime
{
    public static string Format(DateTimeOffset time, string format)
    {
        var text = new StringBuilder();
        for (var i = 0; i < format.Length; i++)
        {
            if (format[i] != '%' || i + 1 == format.Length)
            {
                text.Append(format[i]);
                continue;
            }

            var unpadded = format[i + 1] == '-' && i + 2 < format.Length;
            i += unpadded ? 2 : 1;
            var written = Directive(time, format[i]) ?? $"%{(unpadded ? "-" : "")}{format[i]}";
            text.Append(unpadded && written.Length > 1 ? written.TrimStart('0').PadLeft(1, '0') : written);
        }

        return text.ToString();
    }

    private static string? Directive(DateTimeOffset time, char directive)
    {
        if (directive == '%')
        {
            return "%";
        }

        if (directive == 'j')
        {
            return time.DayOfYear.ToString("000", CultureInfo.InvariantCulture);
        }

        var format = directive switch
        {
            'a' => "ddd",
            'A' => "dddd",
            'b' or 'h' => "MMM",
            'B' => "MMMM",
            'd' => "dd",
            'm' => "MM",
            'y' => "yy",
            'Y' => "yyyy",
            'H' => "HH",
            'I' => "hh",
            'M' => "mm",
            'S' => "ss",
            'f' => "ffffff",
            'p' => "tt",
            'F' => "yyyy-MM-dd",
            'T' => "HH:mm:ss",
            'D' => "MM/dd/yy",
            _ => null,
        };
        return format is null ? null : time.ToString(format, CultureInfo.InvariantCulture);
    }
}
