"""Groups of file kinds that a site may name in one word, as the usual endings of such files. Dry: data only."""

from functools import lru_cache

# So many members that nobody can say what they are; a name whose class Windows opens it by stands in its last part
ARCHIVE_TOO_LARGE, CLASS_ID = "archive-too-large", "clsid"

# What Gmail and Outlook refuse, and what else starts without another question
FILE_GROUPS: dict[str, frozenset[str]] = {
    "programs": frozenset(
        "ace ade adp apk app application appref-ms appx appxbundle cab chm class com command cpl deb dex diagcab dll "
        "dmg elf exe gadget hta img ins iso isp jar jnlp lnk mde msc msi msix msixbundle msp mst nsh osx pif pkg "
        "reg rpm run scf scr sct settingcontent-ms shb shs sys vhd vhdx vxd workflow xbap xll xpi".split()
    )
    | {ARCHIVE_TOO_LARGE, CLASS_ID},
    "scripts": frozenset(
        "bas bash bat cmd csh fxp inf js jse ksh mjs ps1 ps1xml ps2 psc1 psd1 psm1 pyc pyo pyw pyz pyzw sh "
        "vb vbe vbs ws wsc wsf wsh zsh".split()
    ),
    "macros": frozenset("docm dotm potm ppam ppsm pptm sldm xla xlam xlm xlsb xlsm xltm".split()),
    "pages": frozenset("htm html mht mhtml shtml svg svgz url website xht xhtml".split()),
}
USUALLY_BLOCKED = ("programs", "scripts")


@lru_cache(maxsize=4)
def expand_groups(words: tuple[str, ...]) -> frozenset[str]:
    """The endings that these words stand for: a group's, or one's own."""
    return frozenset().union(*(FILE_GROUPS.get(word, frozenset((word,))) for word in words))
